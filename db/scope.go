package db

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// enterScope makes the rest of the transaction todo_app's, for one user and a
// bounded time. The settings end with the transaction, so the connection carries
// nothing over. A startup parameter would not pass a pooler.
const enterScope = "SELECT set_config('role', 'todo_app', true), set_config('app.user_id', $1, true), set_config('statement_timeout', $2, true)"

// enterRole is the part of it that a LOCK TABLE needs.
const enterRole = "SET LOCAL ROLE todo_app"

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
	limit  time.Duration // of a statement
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

func (s scope) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := s.query(ctx, sql, args)
	if err != nil {
		return nil, translate(err)
	}
	return rows, nil
}

func (s scope) query(ctx context.Context, sql string, args []any) (rows *scopedRows, err error) {
	err = s.pool.attempt(ctx, isRead(sql), func(suffix string) error {
		if rows, err = s.send(ctx, sql+suffix, args); err != nil {
			return err
		}
		if err := rows.Rows.Err(); isOutdated(err) || isMisplaced(err) {
			rows.Close()
			return err
		}
		// Any other error of the query is for who reads its rows.
		return nil
	})
	return rows, err
}

// send puts the scope and the query into one pipeline and reads the scope's
// answer, so that a connection that was already dead shows here.
func (s scope) send(ctx context.Context, sql string, args []any) (*scopedRows, error) {
	start := time.Now()
	conn, leave, err := s.pool.acquireFor(ctx, s.userID)
	if err != nil {
		return nil, err
	}
	// What has begun ends: pgx would close the connection of a client that leaves,
	// and clients that come and go would keep the pool connecting.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limit+timeoutSlack)
	r := &scopedRows{answers: s.pool.ask(ctx, conn, s, query{sql, args}), leave: func() {
		leave()
		cancel()
		trace(ctx, queryName(sql), time.Since(start))
	}}
	if err := r.answers.entered(); err != nil {
		r.finish()
		return nil, err
	}
	// An error of the query itself is in the rows, too.
	r.Rows, _ = r.answers.Query()
	return r, nil
}

// milliseconds is how statement_timeout reads a duration.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// isRead tells whether a generated query only reads: those start with SELECT, and
// those that write with WITH, INSERT, UPDATE or DELETE.
func isRead(sql string) bool {
	_, statement, _ := strings.Cut(sql, "\n")
	return strings.HasPrefix(statement, "SELECT")
}

// scopedRows are the rows of a query in a scope. They count as read only when the
// transaction has ended: a commit that fails shows in Err.
type scopedRows struct {
	pgx.Rows
	answers  answers
	leave    func()
	finished bool
	err      error
}

func (r *scopedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *scopedRows) Close() {
	r.Rows.Close()
	r.finish()
}

func (r *scopedRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return translate(err)
	}
	return translate(r.err)
}

func (r *scopedRows) finish() {
	if r.finished {
		return
	}
	r.finished = true
	r.err = r.answers.Close()
	r.leave()
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
