package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// snapshot begins a transaction whose queries all see the same state.
const snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

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
// trip. begin is how the transaction begins, "" where it holds a single query.
func (p *Pool) ask(ctx context.Context, conn *pgxpool.Conn, begin string, s scope, queries ...query) answers {
	if p.distributed {
		return askDistributed(ctx, conn.Conn(), begin, s, queries)
	}
	batch := &pgx.Batch{}
	if begin != "" {
		batch.Queue(begin)
	}
	batch.Queue(enterScope, s.userID, milliseconds(s.limit))
	settings := batch.Len()
	for _, q := range queries {
		batch.Queue(q.sql, q.args...)
	}
	if begin != "" {
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
