package db

import (
	"context"
	"strings"
	"time"
)

// Trace is told which query a request ran, and how long that took from asking for a
// connection to the end of its transaction.
type Trace struct {
	Query    string
	Duration time.Duration
}

type traceKey struct{}

// WithTrace returns a context whose queries tell t, or nobody where t is nil.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func trace(ctx context.Context, query string, took time.Duration) {
	if t, _ := ctx.Value(traceKey{}).(*Trace); t != nil {
		t.Query, t.Duration = query, t.Duration+took
	}
}

// queryName is the name in the first line of a generated query.
func queryName(sql string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), " ")
	return name
}
