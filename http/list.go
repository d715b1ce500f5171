package http

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// maxPage is the most tasks that one reply holds, and the number where none is
// asked for.
const maxPage = 1000

// listQuery is what a list request asks for. The after values are those of the
// cursor: afterTime or afterText by the sort, both nil for a task without a due
// date; afterID is nil for the first page.
type listQuery struct {
	filters
	sort, order string
	limit       int
	afterTime   *time.Time
	afterText   *string
	afterID     *uuid.UUID
}

// byTime and byText are the parameters of the generated queries, which are alike
// but for the type of the sort key.
type (
	byTime = db.ListTasksByCreatedAtDescParams
	byText = db.ListTasksByTitleAscParams
)

// lists has a generated query for every sort and order.
var lists = map[string]func(*db.Queries, context.Context, listQuery, string) ([]db.Task, error){
	"created_at desc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByCreatedAtDesc(ctx, l.byTime(user))
	},
	"created_at asc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByCreatedAtAsc(ctx, db.ListTasksByCreatedAtAscParams(l.byTime(user)))
	},
	"updated_at desc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByUpdatedAtDesc(ctx, db.ListTasksByUpdatedAtDescParams(l.byTime(user)))
	},
	"updated_at asc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByUpdatedAtAsc(ctx, db.ListTasksByUpdatedAtAscParams(l.byTime(user)))
	},
	"due_date asc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByDueDateAsc(ctx, db.ListTasksByDueDateAscParams(l.byTime(user)))
	},
	"due_date desc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByDueDateDesc(ctx, db.ListTasksByDueDateDescParams(l.byTime(user)))
	},
	"priority desc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByPriorityDesc(ctx, db.ListTasksByPriorityDescParams(l.byText(user)))
	},
	"priority asc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByPriorityAsc(ctx, db.ListTasksByPriorityAscParams(l.byText(user)))
	},
	"title asc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByTitleAsc(ctx, l.byText(user))
	},
	"title desc": func(q *db.Queries, ctx context.Context, l listQuery, user string) ([]db.Task, error) {
		return q.ListTasksByTitleDesc(ctx, db.ListTasksByTitleDescParams(l.byText(user)))
	},
}

// One row more than the page tells whether there is a next one.

func (q listQuery) byTime(user string) byTime {
	return byTime{
		UserID: user, Completed: q.completed, Priority: q.priority, Tags: q.tags, Search: q.search,
		DueAfter: q.dueAfter, DueBefore: q.dueBefore, After: q.afterTime, AfterID: q.afterID, PageSize: int32(q.limit) + 1,
	}
}

func (q listQuery) byText(user string) byText {
	return byText{
		UserID: user, Completed: q.completed, Priority: q.priority, Tags: q.tags, Search: q.search,
		DueAfter: q.dueAfter, DueBefore: q.dueBefore, After: q.afterText, AfterID: q.afterID, PageSize: int32(q.limit) + 1,
	}
}

func readListQuery(r *http.Request) (q listQuery, err error) {
	p, err := readParameters(r, append([]string{"sort", "order", "limit", "cursor"}, filterNames...)...)
	if err != nil {
		return q, err
	}
	if q.filters, err = p.filters(); err != nil {
		return q, err
	}
	if q.sort, err = p.oneOf("sort", "created_at", "created_at", "updated_at", "due_date", "priority", "title"); err != nil {
		return q, err
	}
	standard := "desc"
	if q.sort == "due_date" || q.sort == "title" {
		standard = "asc"
	}
	if q.order, err = p.oneOf("order", standard, "asc", "desc"); err != nil {
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
	user := identityOf(r).UserID
	rows, err := lists[q.sort+" "+q.order](s.db.As(user), r.Context(), q, user)
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

// writeTagged writes a reply with its entity tag, or 304 to a client that has it.
func writeTagged(w http.ResponseWriter, r *http.Request, status int, etag string, body []byte) error {
	w.Header().Set("ETag", etag)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && notModified(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	write(w, status, "application/json", body)
	return nil
}
