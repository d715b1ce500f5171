package http

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
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

func readListQuery(r *http.Request) (q listQuery, err error) {
	q.user = identityOf(r).UserID
	p, err := readParameters(r, append([]string{"sort", "order", "limit", "cursor"}, filterNames...)...)
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
	q, err := readListQuery(r)
	if err != nil {
		return err
	}
	rows, err := q.run(r.Context(), s.db.As(q.user))
	if err != nil {
		return err
	}
	if len(rows) > q.limit {
		rows = rows[:q.limit]
		w.Header().Set("Link", nextLink(r, q.cursorAfter(rows[q.limit-1])))
	}
	tasks := make([]task, len(rows))
	for i, row := range rows {
		tasks[i] = taskOf(row)
	}
	body, err := json.Marshal(tasks)
	if err != nil {
		return fmt.Errorf("encoding the list: %w", err)
	}
	// Whether there is a next page is part of what a client has.
	sum := sha256.Sum256(append([]byte(w.Header().Get("Link")), body...))
	return writeTagged(w, r, http.StatusOK, `"`+base64.RawURLEncoding.EncodeToString(sum[:15])+`"`, body)
}

// nextLink is a Link to the same list from a cursor on (RFC 8288).
func nextLink(r *http.Request, cursor string) string {
	query := r.URL.Query()
	query.Set("cursor", cursor)
	return "<" + r.URL.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
}
