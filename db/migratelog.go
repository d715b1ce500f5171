package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
)

// logTable is made by the first run, as golang-migrate's version table is: it must
// be there before the first migration. The stock command does without it.
const logTable = `
CREATE TABLE public.schema_migration_log (
  version bigint NOT NULL,
  direction text NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  marked_by xid8 NOT NULL,
  CONSTRAINT schema_migration_log_pkey PRIMARY KEY (version, direction),
  CONSTRAINT schema_migration_log_direction CHECK (direction IN ('up', 'down'))
);
COMMENT ON TABLE public.schema_migration_log IS 'When each migration was last run by todo migrate, which needs it to tell how far a killed run came.';
COMMENT ON COLUMN public.schema_migration_log.version IS 'The number in the file''s name.';
COMMENT ON COLUMN public.schema_migration_log.direction IS 'up or down: which of its two files.';
COMMENT ON COLUMN public.schema_migration_log.started_at IS 'When the version was marked dirty for it.';
COMMENT ON COLUMN public.schema_migration_log.finished_at IS 'Set by the transaction of the file itself, so null if that did not commit.';
COMMENT ON COLUMN public.schema_migration_log.marked_by IS 'The transaction that marked the version dirty: the xmin of its row in schema_migrations if no other run has been there since.';
COMMENT ON INDEX public.schema_migration_log_pkey IS 'A migration''s last run in each direction.';
COMMENT ON CONSTRAINT schema_migration_log_pkey ON public.schema_migration_log IS 'One row for each file.';
COMMENT ON CONSTRAINT schema_migration_log_direction ON public.schema_migration_log IS 'A migration has two files.';`

// MigrationStep is one file that a run ran.
type MigrationStep struct {
	Version uint `json:"version"`
	// Direction is up or down.
	Direction string `json:"direction"`
}

// recorder is golang-migrate's driver, but each file records itself in its own
// transaction, and the lock is polled for.
type recorder struct {
	database.Driver
	m    *Migrator
	step MigrationStep
}

func (r *recorder) Lock() error   { return r.m.session.lock(r.m.ctx, r.m.lockWait) }
func (r *recorder) Unlock() error { return r.m.session.unlock() }

// Version is asked under the lock, so no run is under way when it judges.
func (r *recorder) Version() (int, bool, error) {
	state, err := r.m.state(context.Background())
	if err == nil {
		err = r.m.runnable(context.Background(), state)
	}
	return state.version, false, err
}

// SetVersion marks a version dirty in the transaction that logs what is about to
// be run, because the version alone does not say from which side it is reached. The
// driver would TRUNCATE, for which a run that has succeeded would have to wait for
// whoever reads the version, such as pg_dump.
//
// What is dirty begins: this is where an interrupted run ends. golang-migrate's own
// GracefulStop is read and written by two goroutines at once.
func (r *recorder) SetVersion(version int, dirty bool) error {
	if err := r.m.ctx.Err(); dirty && err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*statementTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, r.m.session.conn, func(tx pgx.Tx) error {
		from := database.NilVersion
		err := tx.QueryRow(ctx, "DELETE FROM public.schema_migrations RETURNING version").Scan(&from)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if version == database.NilVersion && !dirty {
			return nil
		}
		if _, err := tx.Exec(ctx, "INSERT INTO public.schema_migrations (version, dirty) VALUES ($1, $2)", version, dirty); err != nil || !dirty {
			return err
		}
		r.step = MigrationStep{Version: uint(max(version, 0)), Direction: "up"}
		if version < from {
			r.step = MigrationStep{Version: uint(from), Direction: "down"}
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO public.schema_migration_log (version, direction, started_at, marked_by)
			VALUES ($1, $2, clock_timestamp(), pg_current_xact_id())
			ON CONFLICT (version, direction) DO UPDATE
			SET started_at = excluded.started_at, finished_at = NULL, marked_by = excluded.marked_by`, int64(r.step.Version), r.step.Direction)
		return err
	})
}

func (r *recorder) Run(file io.Reader) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	text := string(content)
	finish := fmt.Sprintf("\n;UPDATE public.schema_migration_log SET finished_at = clock_timestamp() WHERE version = %d AND direction = '%s'", r.step.Version, r.step.Direction)
	if isConcurrent(text) {
		err = r.runConcurrent(text, finish)
	} else {
		err = r.Driver.Run(strings.NewReader(text + finish))
	}
	if err == nil {
		r.m.steps = append(r.m.steps, r.step)
	}
	return err
}

// runConcurrent drops first what a killed run left of the index, which IF NOT
// EXISTS would keep though no query can use it. The wait for older transactions is
// part of the work, and cut short leaves another: so no lock_timeout.
func (r *recorder) runConcurrent(text, finish string) error {
	if name, created := concurrentIndex(text); created {
		_, invalid, err := r.m.index(context.Background(), name)
		if err != nil {
			return err
		}
		if invalid {
			if err := r.Driver.Run(strings.NewReader("DROP INDEX CONCURRENTLY " + name)); err != nil {
				return err
			}
		}
	}
	for _, sql := range []string{"SET lock_timeout = 0", text, "SET lock_timeout = '" + migrationLockTimeout + "'", finish} {
		if err := r.Driver.Run(strings.NewReader(sql)); err != nil {
			return err
		}
	}
	return nil
}
