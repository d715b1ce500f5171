package db

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// maxTries is how often a query is sent at most. The second time is enough unless
// another change of the schema falls between preparing and running it.
const maxTries = 5

// retry calls send until it succeeds, or fails in a way that sending again does not
// fix. send adds suffix to the text of what it sends. What is sent again has done
// nothing before: it was not sent, PostgreSQL refused to begin it, or it only reads.
//
// A prepared statement whose result a migration has changed is refused for good
// (0A000, feature not supported): its connection keeps it, and a pooler keeps it for
// every client that sends the same text. So all texts change, once for all
// connections.
//
// A pooler that hands prepared statements to whichever connection is free makes them
// meet or miss each other (42P05, 26000). From then on the pool prepares none.
func (p *Pool) retry(ctx context.Context, read bool, send func(suffix string) error) error {
	for n := 1; ; n++ {
		generation := p.generation.Load()
		err := send(suffixOf(generation))
		if err == nil || n == maxTries || ctx.Err() != nil {
			return err
		}
		switch {
		case isOutdated(err):
			p.generation.CompareAndSwap(generation, rand.Int64())
		case isMisplaced(err) && p.adapts:
			p.stopPreparing()
		case pgerr.IsLostConnection(err) && (read || isNotSent(err)) && n == 1:
			// A database that restarts or scales to zero takes its idle connections
			// with it.
		default:
			return err
		}
	}
}

// isOutdated reports whether a prepared statement is older than its result.
// PostgreSQL has no SQLSTATE for it alone, but one place that says it.
func isOutdated(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == pgerrcode.FeatureNotSupported && pg.Routine == "RevalidateCachedQuery"
}

// isMisplaced reports whether a prepared statement was on another connection than its
// client: there was none of its name, or one already.
func isMisplaced(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == pgerrcode.InvalidSQLStatementName || pg.Code == pgerrcode.DuplicatePreparedStatement)
}
