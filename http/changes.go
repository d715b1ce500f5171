package http

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// changes are a page of what changed.
type changes struct {
	tasks   []db.Task
	deleted []db.ListDeletionsRow
	cursor  string
	more    bool
}

// changesCursor is how far a client has followed a user's changes.
type changesCursor struct {
	User string `json:"u"` // whose, hashed
	// Account is when the account began, in microseconds, 0 before the first write: one
	// that was erased and comes back is another.
	Account int64 `json:"a"`
	// Version is the number of the last change that was told. Where ID is given, that
	// was this task's, and others of the number may follow.
	Version int64      `json:"v"`
	ID      *uuid.UUID `json:"i,omitempty"`
	// Start is the counter at the beginning, for as long as there is more to tell of
	// what was there then: until then the client knows no task that was deleted before.
	Start int64 `json:"s,omitzero"`
}

var (
	errSince         = badRequest("since: is not a cursor that this user's changes gave")
	errCursorExpired = &clientError{http.StatusGone, "cursor-expired", "what was deleted since this cursor is no longer known; begin again without one"}
)

func readChangesCursor(user, encoded string) (c changesCursor, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return c, errSince
	}
	if err := json.Unmarshal(raw, &c, json.RejectUnknownMembers(true)); err != nil || c.User != cursorUser(user) || c.Version < 0 || c.Start < 0 {
		return c, errSince
	}
	return c, nil
}

func (c changesCursor) encode() string { return encodeCursor(c) }

// cursorUser ties a cursor to a user without naming them.
func cursorUser(user string) string {
	sum := sha256.Sum256([]byte(user))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// isStart reports whether the client knows nothing yet.
func (c changesCursor) isStart() bool { return c.Account == 0 }

// places are behind which tasks and deletions are to be told.
func (c changesCursor) places() (tasks, deletions db.Place) {
	if c.isStart() {
		return db.Place{}, db.NoPlace
	}
	tasks = db.Place{Version: c.Version, ID: uuid.Max}
	if c.ID != nil {
		tasks.ID = *c.ID
	}
	if c.Start > c.Version {
		return tasks, db.Place{Version: c.Start, ID: uuid.Max}
	}
	return tasks, tasks
}

// isExpired reports whether deletions since the cursor may be forgotten, or the account
// is not the one that the client knows.
func (c changesCursor) isExpired(counter *db.GetCounterRow) bool {
	switch {
	case c.isStart():
		return false
	case counter == nil:
		return true
	}
	return c.Account != counter.CreatedAt.UnixMicro() || max(c.Version, c.Start) < counter.ForgottenVersion
}

// changesSince returns the page behind the cursor, and the cursor behind that page.
func (s *server) changesSince(ctx context.Context, user string, c changesCursor, limit int) (changes, changesCursor, error) {
	tasks, deletions := c.places()
	found, err := s.db.Changes(ctx, user, tasks, deletions, limit+1)
	if err != nil {
		return changes{}, c, err
	}
	if c.isExpired(found.Counter) {
		return changes{}, c, errCursorExpired
	}
	if found.Counter == nil {
		return changes{cursor: c.encode()}, c, nil
	}
	if c.isStart() {
		c.Account, c.Start = found.Counter.CreatedAt.UnixMicro(), found.Counter.Version
	}
	page, last, more := merge(found, limit)
	if more {
		c.Version, c.ID = last.Version, &last.ID
	} else {
		c.Version, c.ID = max(found.Counter.Version, last.Version), nil
	}
	if c.Version >= c.Start {
		c.Start = 0
	}
	page.cursor, page.more = c.encode(), more
	return page, c, nil
}

// framing is more than what a page of changes has beside its tasks and deletions: its
// cursor, twice in an event, and the names.
const framing = 1 << 10

// merge returns the first limit of tasks and deletions in the order of their numbers,
// the place of the last, and whether there are more: they are fewer where the page would
// grow beyond maxPageBytes.
func merge(found db.Changes, limit int) (page changes, last db.Place, more bool) {
	tasks, deleted := 0, 0 // how many of each are on the page
	room := maxPageBytes - framing
	all := len(found.Tasks) + len(found.Deleted)
	for tasks+deleted < min(limit, all) {
		if deleted < len(found.Deleted) {
			place := db.Place{Version: found.Deleted[deleted].Version, ID: found.Deleted[deleted].ID}
			if tasks == len(found.Tasks) || comparePlaces(place, db.PlaceOf(found.Tasks[tasks])) < 0 {
				if room -= deletionSize; room < 0 {
					break
				}
				deleted, last = deleted+1, place
				continue
			}
		}
		task := &found.Tasks[tasks]
		if room -= maxSize(task); room < 0 && tasks+deleted > 0 {
			break
		}
		tasks, last = tasks+1, db.PlaceOf(*task)
	}
	more = tasks+deleted < all
	return changes{tasks: found.Tasks[:tasks], deleted: found.Deleted[:deleted]}, last, more
}

// comparePlaces compares as PostgreSQL does.
func comparePlaces(a, b db.Place) int {
	return cmp.Or(cmp.Compare(a.Version, b.Version), bytes.Compare(a.ID[:], b.ID[:]))
}

// getChanges tells what changed since the cursor, at once or as a stream.
func (s *server) getChanges(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept, Accept-Encoding")
	p, err := readParameters(r, "since", "limit")
	if err != nil {
		return err
	}
	limit, err := p.number("limit", maxPage)
	if err != nil {
		return err
	}
	user := identityOf(r).UserID
	since, given := p.get("since")
	streams := acceptsEvents(r) && r.Method == http.MethodGet
	if ids := r.Header.Values("Last-Event-ID"); streams && len(ids) > 1 {
		return badRequest("Last-Event-ID: is given more than once")
	} else if streams && len(ids) == 1 && ids[0] != "" {
		since, given = ids[0], true
	}
	cursor := changesCursor{User: cursorUser(user)}
	if given {
		if cursor, err = readChangesCursor(user, since); err != nil {
			return err
		}
	}
	if streams {
		return s.streamChanges(w, r, cursor, limit)
	}
	page, _, err := s.changesSince(r.Context(), user, cursor, limit)
	if err != nil {
		return err
	}
	e := newEncoder()
	if e.changes(&page); e.err != nil {
		return fmt.Errorf("encoding the changes: %w", e.err)
	}
	return s.writeLong(w, r, e)
}
