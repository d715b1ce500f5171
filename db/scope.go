package db

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// As returns the queries in the scope of one user: each runs as todo_app with
// app.user_id set, so that row-level security admits that user's rows alone. The
// settings and the query travel in one pipeline with one Sync: one round trip,
// one transaction.
//
// A query that finds no row returns ErrNotFound, one that a constraint refuses a
// *ConstraintError, one that the database could not serve ErrUnavailable, and one that
// writes and whose answer was lost ErrOutcomeUnknown.
func (p *Pool) As(userID string) *Queries { return p.as(userID, nil) }

// as is As for the tries of an operation that is more than one query.
func (p *Pool) as(userID string, t *tries) *Queries {
	return New(scope{pool: p, settings: settings{userID: userID}, tries: t})
}

// scope is the DBTX of one user.
type scope struct {
	pool *Pool
	settings
	tries *tries // nil for those of each query
}

func (s scope) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = s.run(ctx, sql, args, func(rows pgx.Rows) error {
		rows.Close()
		tag = rows.CommandTag()
		return nil
	})
	return tag, err
}

func (s scope) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return row{s, ctx, sql, args}
}

// Query returns an error of the query itself; what fails later, while its rows are read
// or when it commits, is in the rows.
func (s scope) Query(ctx context.Context, sql string, args ...any) (rows pgx.Rows, err error) {
	err = s.retry(ctx, sql, func(suffix string) (err error) {
		rows, err = s.queryOnce(ctx, sql, suffix, args)
		return err
	})
	return rows, err
}

// run has read read the rows of a query that is sent until one try has ended well.
func (s scope) run(ctx context.Context, sql string, args []any, read func(pgx.Rows) error) error {
	return s.retry(ctx, sql, func(suffix string) error {
		rows, err := s.queryOnce(ctx, sql, suffix, args)
		if err != nil {
			return err
		}
		defer rows.Close()
		if err := read(rows); err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
}

func (s scope) retry(ctx context.Context, sql string, send func(suffix string) error) error {
	t := s.tries
	if t == nil {
		t = newTries(!isRead(sql), false)
	}
	return s.pool.retry(ctx, t, send)
}

func (s scope) queryOnce(ctx context.Context, sql, suffix string, args []any) (pgx.Rows, error) {
	name := queryName(sql)
	r := &request{settings: s.settings, one: [1]query{{sql + suffix, args}}}
	r.queries = r.one[:]
	if err := s.pool.lanesOf(name).send(ctx, name, r); err != nil {
		return nil, err
	}
	rows, err := r.next()
	if err != nil {
		_ = r.close()
		return nil, err
	}
	return &scopedRows{rows: rows}, nil
}

// lanesOf are those of a query, by its name. A test compares with what each says of the
// buffers that it reads.
func (p *Pool) lanesOf(name string) *lanes {
	switch name {
	case "GetTask", "GetDeletedTask", "GetCounter", "GetVersion", "ListTasks", "ListTasksBehind":
		return p.reads
	case "AddTask", "CreateTask", "UpdateTask", "CompleteTask", "DeleteTask":
		return p.writes
	default:
		return p.heavy
	}
}

// isRead reports whether a generated query only reads: those start with SELECT, and
// those that write with WITH, INSERT, UPDATE or DELETE.
func isRead(sql string) bool {
	_, statement, _ := strings.Cut(sql, "\n")
	return strings.HasPrefix(statement, "SELECT")
}
