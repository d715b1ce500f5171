package http

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// cursor is where a page ended: the sort key of its last task, when that was created,
// unless this is the key, and its id. The task may be gone by the time it is used. Query
// ties it to one sort and one set of filters.
type cursor struct {
	Query   string    `json:"q"`
	Key     *string   `json:"k"`
	Created *string   `json:"c,omitempty"`
	ID      uuid.UUID `json:"i"`
}

// queryID is the same for two requests that page through the same list.
func (q listQuery) queryID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %q %q %q %q %q %q", q.sort.name, q.order, formatted(q.completed), formatted(q.priority), q.tags, formatted(q.search), formattedTime(q.dueAfter), formattedTime(q.dueBefore)))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func formatted[T any](value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(*value)
}

func formattedTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// cursorAfter returns the cursor behind a task, in base64url.
func (q listQuery) cursorAfter(t db.Task) string {
	c := cursor{Query: q.queryID(), Key: q.sort.key.of(t), ID: t.ID}
	if !q.sort.byCreation() {
		c.Created = createdKey.of(t)
	}
	return encodeCursor(c)
}

var (
	errCursor = badRequest("cursor: is not one that this list gave, with this sort and these filters")
	// An earlier release broke ties by id alone: what it has shown of a tie is not what
	// comes first in one now.
	errOlderCursor = badRequest("cursor: is from before an update of the server, which changed the order of this list; read it again from the start, without a cursor")
)

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
	if !q.sort.byCreation() {
		if c.Created == nil {
			return errOlderCursor
		}
		created, ok := parseTime(*c.Created)
		if !ok {
			return errCursor
		}
		q.afterCreated, c.Created = &created, nil
	}
	if c.Created != nil || !q.sort.key.start(&q.position, c.Key) {
		return errCursor
	}
	return nil
}

// encodeCursor writes a cursor in base64url, so that clients do not look into it.
func encodeCursor(cursor any) string {
	encoded, err := json.Marshal(cursor)
	if err != nil {
		panic(fmt.Errorf("a cursor that is no JSON: %w", err))
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}
