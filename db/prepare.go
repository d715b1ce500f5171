package db

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// suffixOf makes a text another statement in each generation. 0 is that of a text as
// it is.
func suffixOf(generation int64) string {
	if generation == 0 {
		return ""
	}
	return "\n-- " + strconv.FormatInt(generation, 36)
}

// prepare has a connection know the statements by their text, each in a round trip
// the first time.
func (p *Pool) prepare(ctx context.Context, conn *pgx.Conn, queries []query) error {
	if !p.prepares.Load() {
		return nil
	}
	if _, err := conn.Prepare(ctx, enterScope, enterScope); err != nil {
		return err
	}
	for _, q := range queries {
		if _, err := conn.Prepare(ctx, q.sql, q.sql); err != nil {
			return err
		}
	}
	return nil
}

// stopPreparing replaces the connections by ones that know no statement, once. Whoever
// comes meanwhile waits: another attempt would meet the connections that do.
func (p *Pool) stopPreparing() {
	p.unprepare.Do(func() {
		p.prepares.Store(false)
		p.pool.Reset()
		if p.log != nil {
			p.log.Warn("the database is behind a pooler that does not keep prepared statements apart, so the server prepares none any more, which costs throughput: give PgBouncer 1.21 or newer max_prepared_statements")
		}
	})
}
