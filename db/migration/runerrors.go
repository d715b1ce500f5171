package migration

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/golang-migrate/migrate/v4"
	"github.com/jackc/pgx/v5/pgconn"
)

// wrapRunError adds to an error of golang-migrate what to do about it.
func (r *Runner) wrapRunError(ctx context.Context, err error) error {
	failed, ok := driverError(err)
	switch {
	case err == nil, errors.Is(err, migrate.ErrNoChange):
		return nil
	case r.target.conn.IsClosed():
		return lost(cmp.Or(failed.OrigErr, err))
	case !ok:
		return r.wrapMarkError(ctx, err)
	}
	ctx = context.WithoutCancel(ctx)
	what := fmt.Sprintf("%s (line %d of the file, %v)", failed.Err, failed.Line, failed.OrigErr)
	if pg, fromServer := errors.AsType[*pgconn.PgError](failed.OrigErr); fromServer && pg.Hint != "" {
		what += ". " + pg.Hint
	}
	at, stateErr := r.target.state(ctx)
	if stateErr != nil || !at.dirty {
		return fmt.Errorf("%s: %w", what, errors.Join(failed.OrigErr, stateErr))
	}
	remedy, remedyErr := r.target.remedy(ctx, at)
	if remedyErr != nil {
		return errors.Join(err, remedyErr)
	}
	return &Error{Kind: Dirty, text: what + ". Fix the cause; " + remedy}
}

// wrapMarkError gives an error beside the files its kind. A version that a lock kept from
// being marked clean is dirty, though its file was run.
func (r *Runner) wrapMarkError(ctx context.Context, err error) error {
	wrapped := wrapSessionError(err)
	if failure, ok := errors.AsType[*Error](wrapped); !ok || failure.Kind != Blocked {
		return wrapped
	}
	ctx = context.WithoutCancel(ctx)
	at, stateErr := r.target.state(ctx)
	if stateErr != nil || !at.dirty {
		return wrapped
	}
	remedy, remedyErr := r.target.remedy(ctx, at)
	if remedyErr != nil {
		return errors.Join(err, remedyErr)
	}
	return &Error{Kind: Dirty, text: err.Error() + ". " + remedy}
}
