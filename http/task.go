package http

import (
	"regexp"
	"strconv"
	"strings"
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
	Priority    string    `json:"priority"`
	DueDate     *dueDate  `json:"due_date"`
	Tags        []string  `json:"tags"`
	Version     int64     `json:"version"`
	CreatedAt   timestamp `json:"created_at"`
	UpdatedAt   timestamp `json:"updated_at"`
}

func taskOf(t db.Task) task {
	return task{
		ID: t.ID, UserID: t.UserID, Title: t.Title, Description: t.Description, Completed: t.Completed,
		Priority: t.Priority, DueDate: dueDateOf(t), Tags: t.Tags, Version: t.Version,
		CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
	}
}

// etag is the entity tag of a task (RFC 9110, section 8.8.3).
func (t task) etag() string { return `"` + strconv.FormatInt(t.Version, 10) + `"` }

// timestamp is RFC 3339 in UTC with always six fractional digits, so that two of
// them compare as strings.
type timestamp time.Time

func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z"), nil
}

func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// dueDate is RFC 3339: of a day its bare date, of an instant a date-time in UTC, with as
// many fractional digits as it needs.
type dueDate struct {
	at     time.Time // in UTC; of a day its midnight
	allDay bool
}

func dueDateOf(t db.Task) *dueDate {
	if t.DueDate == nil {
		return nil
	}
	at := t.DueDate.UTC()
	// The release before moves due_date and leaves due_all_day as it was.
	return &dueDate{at, t.DueAllDay && at.Equal(at.Truncate(24*time.Hour))}
}

func (d dueDate) AppendText(b []byte) ([]byte, error) {
	if d.allDay {
		return d.at.AppendFormat(b, time.DateOnly), nil
	}
	return d.at.AppendFormat(b, time.RFC3339Nano), nil
}

func (d dueDate) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// rfc3339 is its date-time (section 5.6), or its full-date alone. The time package
// lets a comma and an offset of 24 hours pass.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d(T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$`)

// isDay reports whether a text that parseTime reads is a bare date.
func isDay(s string) bool { return len(s) == len(time.DateOnly) }

// parseTime reads RFC 3339, or a bare date as midnight UTC, from year 1 to 9999
// in UTC, to the microsecond that PostgreSQL keeps.
func parseTime(s string) (time.Time, bool) {
	// The T and the Z may be lower-case.
	s = strings.ToUpper(s)
	if !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	if isDay(s) {
		s += "T00:00:00Z"
	}
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return t, false
	}
	t = t.UTC().Truncate(time.Microsecond)
	return t, t.Year() >= 1 && t.Year() <= 9999
}
