package db

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// As returns the queries in the scope of one user: each runs as todo_app with
// app.user_id set, so that row-level security admits that user's rows alone. The
// settings and the query travel in one pipeline with one Sync: one round trip,
// one transaction.
//
// A query that finds no row returns ErrNotFound, one that a constraint refuses a
// *ConstraintError, and one that the database could not serve ErrUnavailable.
func (p *Pool) As(userID string) *Queries {
	return New(scope{p, settings{userID: userID, limit: statementTimeout}, nil})
}

// scope is the DBTX of one user.
type scope struct {
	pool *Pool
	settings
	version *int64 // where the counter that goes before each query is read to, nil for none
}

func (s scope) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.CommandTag(), rows.Err()
}

func (s scope) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := s.Query(ctx, sql, args...)
	return row{rows, err}
}

// Query returns an error of the query itself; what fails later, while its rows are read
// or when it commits, is in the rows.
func (s scope) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	var rows pgx.Rows
	err := s.pool.retry(ctx, isRead(sql), func(suffix string) (err error) {
		rows, err = s.queryOnce(ctx, sql, suffix, args)
		return err
	})
	if err != nil {
		return nil, translate(err)
	}
	return rows, nil
}

func (s scope) queryOnce(ctx context.Context, sql, suffix string, args []any) (pgx.Rows, error) {
	start := time.Now()
	conn, releaseConn, err := s.pool.acquireFor(ctx, s.userID)
	if err != nil {
		return nil, err
	}
	// What has begun ends: pgx would close the connection of a client that leaves,
	// and clients that come and go would keep the pool connecting.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limit+timeoutSlack)
	release := func() {
		releaseConn()
		cancel()
		recordTiming(ctx, queryName(sql), time.Since(start))
	}
	queries := []query{{sql + suffix, args}}
	if s.version != nil {
		queries = []query{{getCounter + suffix, []any{s.userID}}, queries[0]}
	}
	results, err := s.pool.send(ctx, conn, s.settings, queries...)
	if err != nil {
		release()
		return nil, err
	}
	if s.version != nil {
		var counter GetCounterRow
		if counter, err = readCounter(results); err == nil {
			*s.version = counter.Version
		}
	}
	var rows pgx.Rows
	if err == nil {
		rows, err = results.Query()
	}
	if err != nil {
		_ = results.Close()
		release()
		return nil, err
	}
	return &scopedRows{Rows: rows, results: results, release: release}, nil
}

// isRead reports whether a generated query only reads: those start with SELECT, and
// those that write with WITH, INSERT, UPDATE or DELETE.
func isRead(sql string) bool {
	_, statement, _ := strings.Cut(sql, "\n")
	return strings.HasPrefix(statement, "SELECT")
}
