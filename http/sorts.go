package http

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

const (
	ascending  = "asc"
	descending = "desc"
)

// sortOrder is one of the orders that a list can be asked for in.
type sortOrder struct {
	name      string // in the query string
	direction string // where none is asked for
	key       sortKey
	asc, desc listFunc
}

var sorts = []sortOrder{
	{
		"created_at", descending, createdKey,
		byCreated((*db.Queries).ListTasksByCreatedAtAsc), byCreated((*db.Queries).ListTasksByCreatedAtDesc),
	},
	{
		"updated_at", descending, timeKey(false, func(t db.Task) *time.Time { return &t.UpdatedAt }),
		byTime((*db.Queries).ListTasksByUpdatedAtAsc), byTime((*db.Queries).ListTasksByUpdatedAtDesc),
	},
	{
		"due_date", ascending, timeKey(true, func(t db.Task) *time.Time { return t.DueDate }),
		byTime((*db.Queries).ListTasksByDueDateAsc), byTime((*db.Queries).ListTasksByDueDateDesc),
	},
	{
		"priority", descending, textKey(isPriority, func(t db.Task) string { return t.Priority }),
		byText((*db.Queries).ListTasksByPriorityAsc), byText((*db.Queries).ListTasksByPriorityDesc),
	},
	{
		"title", ascending, textKey(hasNoNUL, func(t db.Task) string { return t.Title }),
		byText((*db.Queries).ListTasksByTitleAsc), byText((*db.Queries).ListTasksByTitleDesc),
	},
}

// sortNames are the names of sorts.
var sortNames = func() (names []string) {
	for _, sort := range sorts {
		names = append(names, sort.name)
	}
	return names
}()

// createdKey breaks the ties of the other sorts, too.
var createdKey = timeKey(false, func(t db.Task) *time.Time { return &t.CreatedAt })

// byCreation reports whether the key is what breaks ties in the other sorts.
func (s sortOrder) byCreation() bool { return s.name == "created_at" }

func isPriority(s string) bool { return slices.Contains(priorities, s) }

// sortKey is what a sort compares, as a cursor keeps it.
type sortKey struct {
	// of returns a task's key, nil for none.
	of func(db.Task) *string
	// start has a page begin behind a key. It is not ok where no task could have it.
	start func(page *position, key *string) (ok bool)
}

// position is where a page begins: behind the task that has the sort's key, in after
// or afterText by its type, when it was created, and the id. The zero value is the start
// of the list.
type position struct {
	after        *time.Time
	afterText    *string
	afterCreated *time.Time
	afterID      *uuid.UUID
}

// timeKey is a key in RFC 3339. A nullable one may be missing.
func timeKey(nullable bool, get func(db.Task) *time.Time) sortKey {
	return sortKey{
		of: func(t db.Task) *string {
			key := get(t)
			if key == nil {
				return nil
			}
			return new(key.UTC().Format(time.RFC3339Nano))
		},
		start: func(page *position, key *string) bool {
			if key == nil {
				return nullable
			}
			t, ok := parseTime(*key)
			page.after = &t
			return ok
		},
	}
}

func textKey(valid func(string) bool, get func(db.Task) string) sortKey {
	return sortKey{
		of: func(t db.Task) *string { return new(get(t)) },
		start: func(page *position, key *string) bool {
			page.afterText = key
			return key != nil && valid(*key)
		},
	}
}

// listFunc runs one generated query.
type listFunc func(context.Context, *db.Queries, listQuery) ([]db.Task, error)

// The parameters of the generated list queries are alike but for the type of the key,
// and that created_at is a key and what breaks ties in one.
type (
	createdParams = struct {
		UserID    string
		Completed *bool
		Priority  *string
		Tags      []string
		Search    *string
		DueAfter  *time.Time
		DueBefore *time.Time
		After     *time.Time
		AfterID   *uuid.UUID
		PageSize  int32
	}
	keyParams[K any] = struct {
		UserID         string
		Completed      *bool
		Priority       *string
		Tags           []string
		Search         *string
		DueAfter       *time.Time
		DueBefore      *time.Time
		After          *K
		AfterCreatedAt *time.Time
		AfterID        *uuid.UUID
		PageSize       int32
	}
)

func byCreated[P ~createdParams](run func(*db.Queries, context.Context, P) ([]db.Task, error)) listFunc {
	return func(ctx context.Context, queries *db.Queries, q listQuery) ([]db.Task, error) {
		return run(queries, ctx, P{
			q.user, q.completed, q.priority, q.tags, q.search, q.dueAfter, q.dueBefore, q.after, q.afterID, q.pageSize(),
		})
	}
}

func byTime[P ~keyParams[time.Time]](run func(*db.Queries, context.Context, P) ([]db.Task, error)) listFunc {
	return func(ctx context.Context, queries *db.Queries, q listQuery) ([]db.Task, error) {
		return run(queries, ctx, P{
			q.user, q.completed, q.priority, q.tags, q.search, q.dueAfter, q.dueBefore, q.after, q.afterCreated, q.afterID, q.pageSize(),
		})
	}
}

func byText[P ~keyParams[string]](run func(*db.Queries, context.Context, P) ([]db.Task, error)) listFunc {
	return func(ctx context.Context, queries *db.Queries, q listQuery) ([]db.Task, error) {
		return run(queries, ctx, P{
			q.user, q.completed, q.priority, q.tags, q.search, q.dueAfter, q.dueBefore, q.afterText, q.afterCreated, q.afterID, q.pageSize(),
		})
	}
}

// run runs the query that serves the list.
func (q listQuery) run(ctx context.Context, queries *db.Queries) ([]db.Task, error) {
	switch {
	case q.sort.byCreation() && q.order == descending && q.filters.empty():
		if q.after == nil || q.afterID == nil {
			return queries.ListTasks(ctx, db.ListTasksParams{UserID: q.user, PageSize: q.pageSize()})
		}
		return queries.ListTasksBehind(ctx, db.ListTasksBehindParams{UserID: q.user, After: *q.after, AfterID: *q.afterID, PageSize: q.pageSize()})
	case q.order == descending:
		return q.sort.desc(ctx, queries, q)
	}
	return q.sort.asc(ctx, queries, q)
}

// pageSize is one row more than the page, which tells whether there is a next one.
func (q listQuery) pageSize() int32 { return int32(q.limit) + 1 }
