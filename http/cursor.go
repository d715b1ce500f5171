package http

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// cursor is where a page ended: the sort key and the id of its last task, which may
// be gone by the time it is used. Query ties it to one sort and one set of filters.
type cursor struct {
	Query string    `json:"q"`
	Key   *string   `json:"k"`
	ID    uuid.UUID `json:"i"`
}

// queryID is the same for two requests that page through the same list.
func (q listQuery) queryID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %q %q %q %q %q %q", q.sort, q.order, say(q.completed), say(q.priority), q.tags, say(q.search), sayTime(q.dueAfter), sayTime(q.dueBefore)))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func say[T any](value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(*value)
}

func sayTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// cursorAfter returns the cursor behind a task, in base64url.
func (q listQuery) cursorAfter(t db.Task) string {
	c := cursor{Query: q.queryID(), ID: t.ID}
	switch q.sort {
	case "created_at":
		c.Key = new(t.CreatedAt.UTC().Format(time.RFC3339Nano))
	case "updated_at":
		c.Key = new(t.UpdatedAt.UTC().Format(time.RFC3339Nano))
	case "due_date":
		if t.DueDate != nil {
			c.Key = new(t.DueDate.UTC().Format(time.RFC3339Nano))
		}
	case "priority":
		c.Key = &t.Priority
	case "title":
		c.Key = &t.Title
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Errorf("a cursor that is no JSON: %w", err))
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

var errCursor = badRequest("cursor: is not one that this list gave, with this sort and these filters")

// readCursor sets where the page begins.
func (q *listQuery) readCursor(encoded string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return errCursor
	}
	var c cursor
	if err := json.Unmarshal(raw, &c, json.RejectUnknownMembers(true)); err != nil || c.Query != q.queryID() {
		return errCursor
	}
	q.afterID = &c.ID
	switch {
	case c.Key == nil && q.sort == "due_date":
		return nil
	case c.Key == nil, !hasNoNUL(*c.Key):
		return errCursor
	case q.sort == "priority" && !slices.Contains(priorities, *c.Key):
		return errCursor
	case q.sort == "priority", q.sort == "title":
		q.afterText = c.Key
		return nil
	}
	t, ok := parseTime(*c.Key)
	if !ok {
		return errCursor
	}
	q.afterTime = &t
	return nil
}
