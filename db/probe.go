package db

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
)

// Ping checks that the database answers; the error is ErrUnavailable where it does not.
// It asks on the connection that is kept for probes. A database that is too busy to
// answer that in time, and answers requests, answers.
func (p *Pool) Ping(ctx context.Context) error {
	err := p.retry(ctx, newTries(false, false), func(string) error {
		return p.probe(ctx, func(conn *pgx.Conn) error {
			until, ok := ctx.Deadline()
			if !ok {
				until = time.Now().Add(acquireTimeout)
			}
			err := ping(conn, until)
			if err != nil {
				abandon(conn)
			}
			return translate(err)
		})
	})
	if p.isBusy(err) {
		return nil
	}
	return err
}

// probe has do use the connection that is kept for probes, which requests cannot use up.
// Where the database has no room for it, that is one of theirs.
func (p *Pool) probe(ctx context.Context, do func(*pgx.Conn) error) error {
	until := time.Now().Add(acquireTimeout)
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	conn, err := p.probes.Acquire(wait)
	release := giveBack
	if isTooMany(err) {
		conn, err = p.acquire(ctx, until)
		release = p.release
	}
	if err != nil {
		return waitError(ctx, err)
	}
	defer release(conn)
	return do(conn.Conn())
}

// isBusy reports whether an error only says that there was no time to answer, or that
// somebody has locked what was asked for, while requests are answered.
func (p *Pool) isBusy(err error) bool {
	switch {
	case isCode(pgerrcode.LockNotAvailable)(err):
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		// A lock keeps requests for 2 seconds before it is answered that they cannot have it.
		return time.Since(time.Unix(0, p.answered.Load())) < acquireTimeout
	}
	return false
}
