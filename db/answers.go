package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

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
// trip.
func (p *Pool) ask(ctx context.Context, conn *pgxpool.Conn, s scope, queries ...query) answers {
	if p.distributed {
		return askDistributed(ctx, conn.Conn(), s, queries)
	}
	if err := p.prepare(ctx, conn.Conn(), queries); err != nil {
		return unsent{err}
	}
	batch := &pgx.Batch{}
	if s.snapshot {
		for _, sql := range beginSnapshot {
			batch.Queue(sql)
		}
	}
	batch.Queue(enterScope, s.userID, milliseconds(s.limit))
	settings := batch.Len()
	for _, q := range queries {
		batch.Queue(q.sql, q.args...)
	}
	if s.snapshot {
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
