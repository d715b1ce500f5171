package db

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// QueryTiming says which query a request ran, and how long that took from asking for a
// connection to the end of its transaction. Of several queries, and of the tries of one,
// it has the last name and the sum of the times.
type QueryTiming struct {
	Query    string
	Duration time.Duration
	// Done is told of each, if not nil, when it has ended.
	Done func(QueryEnd)
}

// QueryEnd is a query that has ended.
type QueryEnd struct {
	Query string
	Start time.Time // when it began to wait for a connection
	// SQLState is the code of the error of PostgreSQL that it ended with, if any (appendix
	// A of its manual). Failure is that, or one of a few words for another error: no
	// connection, timeout, canceled, lost. Both are empty after a success.
	SQLState, Failure string
}

type queryTimingKey struct{}

// WithQueryTiming returns a context whose queries are recorded in t, or nowhere where t
// is nil.
func WithQueryTiming(ctx context.Context, t *QueryTiming) context.Context {
	return context.WithValue(ctx, queryTimingKey{}, t)
}

// recordTiming records a query that has ended now, with the first of errs that is one.
func recordTiming(ctx context.Context, query string, start time.Time, errs ...error) {
	t, _ := ctx.Value(queryTimingKey{}).(*QueryTiming)
	if t == nil {
		return
	}
	t.Query, t.Duration = query, t.Duration+time.Since(start)
	if t.Done == nil {
		return
	}
	end := QueryEnd{Query: query, Start: start}
	for _, err := range errs {
		if err != nil {
			end.SQLState, end.Failure = failureOf(err)
			break
		}
	}
	t.Done(end)
}

func failureOf(err error) (sqlState, failure string) {
	var pg *pgconn.PgError
	var none noConnectionError
	switch {
	case errors.As(err, &pg):
		return pg.Code, cmp.Or(pg.Code, "lost")
	case errors.As(err, &none):
		return "", "no connection"
	case errors.Is(err, context.DeadlineExceeded):
		return "", "timeout"
	case errors.Is(err, context.Canceled):
		return "", "canceled"
	}
	return "", "lost"
}

// queryName is the name in the first line of a generated query.
func queryName(sql string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), " ")
	return name
}
