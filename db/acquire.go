package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgxpool"
)

// acquireTimeout is how long a request waits for a free connection.
const acquireTimeout = 3 * time.Second

// refusedPause is how long a place of the pool is left empty for which the database had no
// room. A request waits for another place meanwhile, where a connection may come free.
const refusedPause = time.Second

// acquire waits for a free connection. release must follow.
func (p *Pool) acquire(ctx context.Context, until time.Time) (*pgxpool.Conn, error) {
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var refused error
	for {
		if err := p.places.Acquire(wait, 1); err != nil {
			return nil, waitError(ctx, errors.Join(err, refused))
		}
		conn, err := p.pool.Acquire(wait)
		switch {
		case err == nil:
			return conn, nil
		case !isTooMany(err):
			p.places.Release(1)
			return nil, waitError(ctx, errors.Join(err, refused))
		}
		refused = err
		time.AfterFunc(refusedPause, func() { p.places.Release(1) })
	}
}

// release gives a connection back that acquire returned, or the place of one that was
// closed.
func (p *Pool) release(conn *pgxpool.Conn) {
	if !conn.Conn().IsClosed() {
		p.answered.Store(time.Now().UnixNano())
	}
	giveBack(conn)
	p.places.Release(1)
}

// isTooMany reports whether the database has no room for another connection, or for
// another of this login or database.
func isTooMany(err error) bool { return isCode(pgerrcode.TooManyConnections)(err) }

// waitError distinguishes a client that left from a database that has no connection.
func waitError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return &unavailableError{cause: noConnectionError{err}}
}

// noConnectionError is why there was no connection to send anything on.
type noConnectionError struct{ error }

func (e noConnectionError) Unwrap() error { return e.error }
