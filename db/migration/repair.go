package migration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/repair"
)

// Repair returns the statements that bring back what the database has lost of the role, the
// privileges and the policies that the migrations made. The schema must be at this
// program's version; it is read without the lock. Who may switch to the role is not looked
// at: this login need not be the one that serves, whose start says so itself.
func (r *Runner) Repair(ctx context.Context) ([]string, error) {
	at, err := r.target.state(ctx)
	if err == nil {
		err = r.target.runnable(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	if latest := r.target.files.latest(); at.schemaVersion() < latest {
		return nil, refuse("the schema is at version %d, and this program knows what belongs to %d: run `todo migrate up`, which says whether anything is missing then", at.schemaVersion(), latest)
	}
	loss, err := r.loss(ctx)
	if err != nil || loss == nil {
		return nil, err
	}
	return loss.Statements, nil
}

// ApplyRepair runs what Repair returns, in one transaction and under the lock.
func (r *Runner) ApplyRepair(ctx context.Context) (applied []string, err error) {
	if err := r.target.lock(ctx, r.lockWait); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.target.unlock()) }()
	applied, err = r.Repair(ctx)
	if err != nil || len(applied) == 0 {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, r.target.conn, func(tx pgx.Tx) error {
		for _, statement := range append([]string{"SET LOCAL lock_timeout = '2s'"}, applied...) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrapSessionError(err)
	}
	return applied, nil
}

// whole is the error where a schema at this program's version has lost what a server
// needs, which no migration brings back.
func (r *Runner) whole(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	at, err := r.target.state(ctx)
	if err != nil || at.dirty || at.schemaVersion() != r.target.files.latest() {
		return err
	}
	loss, err := r.loss(ctx)
	if err != nil || loss == nil || !loss.Hurts {
		return err
	}
	return &Error{Kind: Damaged, text: fmt.Sprintf("at version %d %s: `todo migrate repair --apply` runs, and `todo migrate repair` prints: %s",
		at.schemaVersion(), repair.Description, strings.Join(loss.Statements, "; "))}
}

// loss is nil for files that are not the ones of this program's schema.
func (r *Runner) loss(ctx context.Context) (loss *repair.Loss, err error) {
	schema, err := repair.Read(r.source)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	err = pgx.BeginFunc(ctx, r.target.conn, func(tx pgx.Tx) error {
		loss, err = schema.Lost(ctx, tx)
		return err
	})
	return loss, wrapSessionError(err)
}
