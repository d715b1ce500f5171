package http

import (
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// task is a task on the wire.
type task struct {
	ID          uuid.UUID `json:"id"`
	UserID      string    `json:"user_id"`
	Title       string    `json:"title"`
	Description *string   `json:"description"`
	Completed   bool      `json:"completed"`
	CreatedAt   timestamp `json:"created_at"`
	UpdatedAt   timestamp `json:"updated_at"`
}

func taskOf(t db.Task) task {
	return task{t.ID, t.UserID, t.Title, t.Description, t.Completed, timestamp(t.CreatedAt), timestamp(t.UpdatedAt)}
}

// timestamp is RFC 3339 in UTC with always six fractional digits, so that two of
// them compare as strings.
type timestamp time.Time

func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z"), nil
}

func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }
