package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// snapshot begins a transaction whose queries all see the same state. A snapshot from
// before a change that rewrites a table finds the table empty after it, and waiting
// for the change comes too late: so the lock comes first, and takes none.
var snapshot = []string{
	"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	"SET LOCAL ROLE todo_app",
	"LOCK TABLE users, tasks IN ACCESS SHARE MODE",
}

// query is a statement with its arguments.
type query struct {
	sql  string
	args []any
}

// answers are what comes back in one round trip: to what enters the scope, then to
// each query, then to the end of the transaction.
type answers interface {
	// entered reads the first part.
	entered() error
	// Query reads the next query's part. An error is in the rows, too.
	Query() (pgx.Rows, error)
	// Close reads the rest; a commit that failed shows here.
	Close() error
}

// ask sends queries in the scope of one user, as one transaction and in one round
// trip. begin is how the transaction begins, nil where it holds a single query.
func (p *Pool) ask(ctx context.Context, conn *pgxpool.Conn, begin []string, s scope, queries ...query) answers {
	if p.distributed {
		return askDistributed(ctx, conn.Conn(), begin, s, queries)
	}
	if err := p.prepare(ctx, conn.Conn(), queries); err != nil {
		return unsent{err}
	}
	batch := &pgx.Batch{}
	for _, sql := range begin {
		batch.Queue(sql)
	}
	batch.Queue(enterScope, s.userID, milliseconds(s.limit))
	settings := batch.Len()
	for _, q := range queries {
		batch.Queue(q.sql, q.args...)
	}
	if begin != nil {
		batch.Queue("COMMIT")
	}
	return batchAnswers{conn.SendBatch(ctx, batch), settings}
}

type batchAnswers struct {
	pgx.BatchResults
	settings int // how many answers there are to what enters the scope
}

func (a batchAnswers) entered() error {
	for range a.settings {
		if _, err := a.Exec(); err != nil {
			return err
		}
	}
	return nil
}

// unsent are the answers where nothing could be sent, and the error that they all are.
type unsent struct{ error }

func (u unsent) Unwrap() error            { return u.error }
func (u unsent) entered() error           { return u }
func (u unsent) Query() (pgx.Rows, error) { return noRows{err: u}, u }
func (u unsent) Close() error             { return u }

func isUnsent(err error) bool {
	_, unsent := errors.AsType[unsent](err)
	return unsent
}

// noRows are the rows of a query that failed before the first.
type noRows struct {
	pgx.Rows
	err error
}

func (r noRows) Next() bool                    { return false }
func (r noRows) Close()                        {}
func (r noRows) Err() error                    { return r.err }
func (r noRows) CommandTag() pgconn.CommandTag { return pgconn.CommandTag{} }
