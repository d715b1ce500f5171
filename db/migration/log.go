package migration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
)

const logTable = "schema_migration_log"

// createLog is run by the first run, as golang-migrate makes its version table: the
// log must be there before the first migration. The stock command does without it.
const createLog = `
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

// createVersions is what golang-migrate's driver makes where it is not.
const createVersions = `
CREATE TABLE public.schema_migrations (
  version bigint NOT NULL PRIMARY KEY,
  dirty boolean NOT NULL
);`

// setup is the SQL of the tables of a run that are not there, "" if both are.
func (s *session) setup(ctx context.Context) (sql string, err error) {
	for _, table := range []struct{ name, create string }{{versionTable, createVersions}, {logTable, createLog}} {
		exists, err := s.exists(ctx, table.name)
		if err != nil {
			return "", err
		}
		if !exists {
			sql += strings.TrimPrefix(table.create, "\n") + "\n"
		}
	}
	return sql, nil
}

// prepareLog makes the table of the log where there is none.
func (s *session) prepareLog(ctx context.Context) error {
	if exists, err := s.exists(ctx, logTable); err != nil || exists {
		return err
	}
	if _, err := s.conn.Exec(ctx, createLog); err != nil {
		return fmt.Errorf("preparing the table of the log: %w", err)
	}
	return nil
}

// markClean records a version as applied, database.NilVersion for none.
func (s *session) markClean(ctx context.Context, version int) error {
	return s.mark(ctx, version, false, func(pgx.Tx, int) error { return nil })
}

// markDirty marks a version dirty in the transaction that logs what is about to be
// run, because the version alone does not say from which side it is reached: from,
// which is the version before.
func (s *session) markDirty(ctx context.Context, version int) (step Step, from int, err error) {
	err = s.mark(ctx, version, true, func(tx pgx.Tx, before int) error {
		from = before
		step = Step{Version: uint(max(version, 0)), Direction: "up"}
		if version < from {
			step = Step{Version: uint(from), Direction: "down"}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO public.schema_migration_log (version, direction, started_at, marked_by)
			VALUES ($1, $2, clock_timestamp(), pg_current_xact_id())
			ON CONFLICT (version, direction) DO UPDATE
			SET started_at = excluded.started_at, finished_at = NULL, marked_by = excluded.marked_by`, int64(step.Version), step.Direction)
		return err
	})
	return step, from, err
}

// mark replaces the version, and calls log with the one before in the same
// transaction. golang-migrate's driver would TRUNCATE, for which a run that has
// succeeded would have to wait for whoever reads the version, such as pg_dump.
func (s *session) mark(ctx context.Context, version int, dirty bool, log func(tx pgx.Tx, from int) error) error {
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		from := database.NilVersion
		err := tx.QueryRow(ctx, "DELETE FROM public.schema_migrations RETURNING version").Scan(&from)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if version == database.NilVersion && !dirty {
			return nil
		}
		if _, err := tx.Exec(ctx, "INSERT INTO public.schema_migrations (version, dirty) VALUES ($1, $2)", version, dirty); err != nil {
			return err
		}
		return log(tx, from)
	})
}

// finishedSQL records a step as finished. It goes behind the statements of the file, into
// whose transaction it belongs.
func finishedSQL(step Step) string {
	return fmt.Sprintf("UPDATE public.schema_migration_log SET finished_at = clock_timestamp() WHERE version = %d AND direction = '%s'", step.Version, step.Direction)
}

// appliedAt is when each migration was applied, of those that this program ran.
func (s *session) appliedAt(ctx context.Context) (map[uint]time.Time, error) {
	found := map[uint]time.Time{}
	if exists, err := s.exists(ctx, logTable); err != nil || !exists {
		return found, err
	}
	rows, err := s.conn.Query(ctx, "SELECT version, finished_at FROM public.schema_migration_log WHERE direction = 'up' AND finished_at IS NOT NULL")
	if err != nil {
		return nil, wrapSessionError(err)
	}
	var version uint
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		found[version] = at.UTC()
		return nil
	})
	return found, wrapSessionError(err)
}

// interrupted is the step that left the version dirty, and whether its transaction
// was committed. known is false if the log entry belongs to another run.
func (s *session) interrupted(ctx context.Context) (step Step, committed, known bool, err error) {
	if exists, err := s.exists(ctx, logTable); err != nil || !exists {
		return step, false, false, err
	}
	err = s.row(ctx, `
		SELECT log.version, direction, finished_at IS NOT NULL
		FROM public.schema_migration_log AS log
		JOIN public.schema_migrations AS state ON state.xmin = marked_by::xid
		WHERE dirty`, nil, &step.Version, &step.Direction, &committed)
	if errors.Is(err, pgx.ErrNoRows) {
		return step, false, false, nil
	}
	return step, committed, err == nil, wrapSessionError(err)
}
