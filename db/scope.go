package db

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// setScope makes the rest of the transaction todo_app's, for one user and a bounded
	// time. The settings end with the transaction, so the connection carries nothing
	// over. A startup parameter would not pass a pooler.
	setScope = "SELECT set_config('role', 'todo_app', true), set_config('app.user_id', $1, true), set_config('statement_timeout', $2, true)"
	// setRole is the part of it that a LOCK TABLE needs.
	setRole = "SET LOCAL ROLE todo_app"
)

// As returns the queries in the scope of one user: each runs as todo_app with
// app.user_id set, so that row-level security admits that user's rows alone. The
// settings and the query travel in one pipeline with one Sync: one round trip,
// one transaction.
//
// A query that finds no row returns ErrNotFound, one that a constraint refuses a
// *ConstraintError, and one that the database could not serve ErrUnavailable.
func (p *Pool) As(userID string) *Queries {
	return New(scope{pool: p, userID: userID, limit: statementTimeout})
}

// scope is the DBTX of one user.
type scope struct {
	pool   *Pool
	userID string
	limit  time.Duration // per statement
	// snapshot has all queries that are sent together see the same state.
	snapshot bool
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
		rows, err = s.queryOnce(ctx, sql+suffix, args)
		return err
	})
	if err != nil {
		return nil, translate(err)
	}
	return rows, nil
}

func (s scope) queryOnce(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
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
	results, err := s.pool.send(ctx, conn, s, query{sql, args})
	if err != nil {
		release()
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		release()
		return nil, err
	}
	return &scopedRows{Rows: rows, results: results, release: release}, nil
}

// milliseconds is how statement_timeout reads a duration.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// isRead reports whether a generated query only reads: those start with SELECT, and
// those that write with WITH, INSERT, UPDATE or DELETE.
func isRead(sql string) bool {
	_, statement, _ := strings.Cut(sql, "\n")
	return strings.HasPrefix(statement, "SELECT")
}

// scopedRows are the rows of a query in a scope. They count as read only when the
// transaction has ended: a commit that fails shows in Err.
type scopedRows struct {
	pgx.Rows
	results results
	release func()
	closed  bool
	err     error
}

func (r *scopedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *scopedRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.results.Close()
	r.release()
}

func (r *scopedRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return translate(err)
	}
	return translate(r.err)
}

// row is the one row of a query in a scope.
type row struct {
	pgx.Rows
	err error
}

// Scan returns ErrNotFound where there is no row.
func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}
