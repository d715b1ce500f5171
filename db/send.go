package db

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// send sends queries in the scope of one user, as one transaction and in one round
// trip, and reads the results of the settings, so that a connection that was already
// dead shows here.
func (p *Pool) send(ctx context.Context, conn *pgxpool.Conn, s settings, queries ...query) (results, error) {
	if conn.Conn().IsClosed() {
		return nil, notSentError{net.ErrClosed}
	}
	if p.distributed {
		return sendDistributed(ctx, conn.Conn(), s, queries)
	}
	if err := p.prepare(ctx, conn.Conn(), queries); err != nil {
		return nil, notSentError{err}
	}
	batch := &pgx.Batch{}
	if s.snapshot {
		for _, sql := range beginSnapshot {
			batch.Queue(sql)
		}
	}
	batch.Queue(setScope, s.userID, milliseconds(s.limit))
	settings := batch.Len()
	for _, q := range queries {
		batch.Queue(q.sql, q.args...)
	}
	if s.snapshot {
		batch.Queue("COMMIT")
	}
	results := conn.SendBatch(ctx, batch)
	for range settings {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, err
		}
	}
	return results, nil
}
