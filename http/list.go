package http

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/securetodo/securetodo/db"
)

// listQuery is what a list request asks for.
type listQuery struct {
	user string
	filters
	sort  sortOrder
	order string
	limit int
	position
}

// listNames are the query parameters of a list.
var listNames = append([]string{"sort", "order", "limit", "cursor"}, filterNames...)

func readListQuery(r *http.Request) (q listQuery, err error) {
	q.user = identityOf(r).UserID
	p, err := readParameters(r, listNames...)
	if err != nil {
		return q, err
	}
	if q.filters, err = p.filters(); err != nil {
		return q, err
	}
	if q.sort, err = p.sort(); err != nil {
		return q, err
	}
	if q.order, err = p.oneOf("order", q.sort.direction, ascending, descending); err != nil {
		return q, err
	}
	if q.limit, err = p.number("limit", maxPage); err != nil {
		return q, err
	}
	if encoded, given := p.get("cursor"); given {
		err = q.readCursor(encoded)
	}
	return q, err
}

func (s *server) listTasks(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept-Encoding")
	q, err := readListQuery(r)
	if err != nil {
		return err
	}
	// The counter alone tells that nothing has changed, without reading a task.
	if r.Header.Get("If-None-Match") != "" {
		version, err := s.version(r.Context(), q.user)
		if err != nil {
			return err
		}
		if tag := listTag(r, version); notModified(r, tag) {
			w.Header().Set("ETag", tag)
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	rows, version, err := s.db.List(r.Context(), q.user, q.run)
	if err != nil {
		return err
	}
	e := newEncoder()
	fits := e.page(rows, q.limit)
	if e.err != nil {
		return fmt.Errorf("encoding the list: %w", e.err)
	}
	if fits < len(rows) {
		w.Header().Set("Link", nextLink(r, q.cursorAfter(rows[fits-1])))
	}
	w.Header().Set("ETag", listTag(r, version))
	return s.writeLong(w, r, e)
}

// version returns the number of the user's latest change, 0 before the first.
func (s *server) version(ctx context.Context, user string) (int64, error) {
	version, err := s.db.As(user).GetVersion(ctx, db.GetVersionParams{UserID: user})
	if errors.Is(err, db.ErrNotFound) {
		return 0, nil
	}
	return version, err
}

// listTag is the entity tag of a list: the user's counter, and which list it is. It is
// weak (RFC 9110, section 8.8.1): a change of a task that is not in the list changes it
// too.
func listTag(r *http.Request, version int64) string {
	tag := strconv.AppendInt(append(make([]byte, 0, 64), `W/"`...), version, 10)
	if r.URL.RawQuery != "" {
		sum := sha256.Sum256([]byte(r.URL.RawQuery))
		tag = base64.RawURLEncoding.AppendEncode(append(tag, '-'), sum[:9])
	}
	return string(append(tag, '"'))
}

// nextLink is a Link to the same list from a cursor on (RFC 8288).
func nextLink(r *http.Request, cursor string) string {
	query, _ := parseQuery(r.URL.RawQuery) // readable: readListQuery has read it
	query.Set("cursor", cursor)
	return "<" + infoOf(r).base + r.URL.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
}
