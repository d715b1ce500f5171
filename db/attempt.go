package db

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// maxAttempts is how often a query is sent at most. The second attempt is enough
// unless another change of the schema falls between preparing and running it.
const maxAttempts = 5

// attempt calls ask until it succeeds, or fails in a way that another attempt does
// not mend. ask adds suffix to the text of what it sends. What is sent again has
// done nothing before: it was not sent, PostgreSQL refused to begin it, or it only
// reads.
//
// A prepared statement whose result a migration has changed is refused for good
// (0A000, feature not supported): its connection keeps it, and a pooler keeps it for
// every client that sends the same text. So all texts change, once for all
// connections.
//
// A pooler that hands prepared statements to whichever connection is free makes them
// meet or miss each other (42P05, 26000). From then on the pool prepares none.
func (p *Pool) attempt(ctx context.Context, read bool, ask func(suffix string) error) error {
	for n := 1; ; n++ {
		generation := p.generation.Load()
		err := ask(suffixOf(generation))
		if err == nil || n == maxAttempts || ctx.Err() != nil {
			return err
		}
		switch {
		case isOutdated(err):
			p.generation.CompareAndSwap(generation, rand.Int64())
		case isMisplaced(err) && p.adapts:
			p.stopPreparing()
		case pgerr.IsLostConnection(err) && (read || isUnsent(err)) && n == 1:
			// A database that restarts or scales to zero takes its idle connections
			// with it.
		default:
			return err
		}
	}
}

// isOutdated tells whether a prepared statement is older than its result.
// PostgreSQL has no SQLSTATE for it alone, but one place that says it.
func isOutdated(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}

// isMisplaced tells whether a prepared statement was on another connection than its
// client: there was none of its name, or one already.
func isMisplaced(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "26000" || pg.Code == "42P05")
}
