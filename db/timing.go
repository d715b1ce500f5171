package db

import (
	"context"
	"strings"
	"time"
)

// QueryTiming says which query a request ran, and how long that took from asking for a
// connection to the end of its transaction.
type QueryTiming struct {
	Query    string
	Duration time.Duration
}

type queryTimingKey struct{}

// WithQueryTiming returns a context whose queries are recorded in t, or nowhere where t
// is nil.
func WithQueryTiming(ctx context.Context, t *QueryTiming) context.Context {
	return context.WithValue(ctx, queryTimingKey{}, t)
}

func recordTiming(ctx context.Context, query string, took time.Duration) {
	if t, _ := ctx.Value(queryTimingKey{}).(*QueryTiming); t != nil {
		t.Query, t.Duration = query, t.Duration+took
	}
}

// queryName is the name in the first line of a generated query.
func queryName(sql string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), " ")
	return name
}
