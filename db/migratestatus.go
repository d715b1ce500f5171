package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
)

// MigrationStatus is where a schema stands.
type MigrationStatus struct {
	Version uint `json:"version"`
	Dirty   bool `json:"dirty"`
	// Latest is the newest version that this program knows.
	Latest     uint               `json:"latest"`
	Migrations []AppliedMigration `json:"migrations"`
	// InvalidIndexes are what killed CREATE INDEX CONCURRENTLY left.
	InvalidIndexes []InvalidIndex `json:"invalid_indexes"`
	// Running is the run that holds the lock, if any.
	Running *MigrationRun `json:"running"`
}

// AppliedMigration is one migration that this program knows.
type AppliedMigration struct {
	Version uint   `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
	// AppliedAt is nil where another program applied it.
	AppliedAt *time.Time `json:"applied_at"`
}

// InvalidIndex is an index that writes maintain and no query uses.
type InvalidIndex struct {
	Index string `json:"index"`
	Drop  string `json:"drop"`
}

// schemaState is the row of schema_migrations, with database.NilVersion for none.
type schemaState struct {
	version int
	dirty   bool
}

func (m *Migrator) state(ctx context.Context) (schemaState, error) {
	none := schemaState{version: database.NilVersion}
	if exists, err := m.exists(ctx, migrationTable); err != nil || !exists {
		return none, err
	}
	var state schemaState
	err := m.session.row(ctx, "SELECT version, dirty FROM public.schema_migrations LIMIT 1", nil, &state.version, &state.dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return none, nil
	}
	return state, explainSession(err)
}

func (m *Migrator) exists(ctx context.Context, table string) (exists bool, err error) {
	err = m.session.row(ctx, "SELECT to_regclass($1) IS NOT NULL", []any{migrationSchema + "." + table}, &exists)
	return exists, explainSession(err)
}

// Status reads all there is to know, without the lock. The error is Dirty or Newer
// beside a status that says more.
func (m *Migrator) Status() (*MigrationStatus, error) {
	state, err := m.state(m.ctx)
	if err != nil {
		return nil, err
	}
	applied, err := m.appliedAt(m.ctx)
	if err != nil {
		return nil, err
	}
	s := &MigrationStatus{Version: uint(max(state.version, 0)), Dirty: state.dirty, Latest: m.latest()}
	for _, file := range m.files {
		row := AppliedMigration{Version: file.Version, Name: file.Name, Applied: int(file.Version) <= state.version}
		if at, ok := applied[file.Version]; ok && row.Applied {
			row.AppliedAt = &at
		}
		s.Migrations = append(s.Migrations, row)
	}
	if s.Running, err = m.session.holder(m.ctx); err != nil {
		return nil, explainSession(err)
	}
	if s.InvalidIndexes, err = m.InvalidIndexes(); err != nil {
		return nil, err
	}
	if state.dirty && s.Running != nil {
		return s, &MigrationError{Kind: Locked, text: fmt.Sprintf("%s is at work on version %d: wait for it", s.Running, s.Version)}
	}
	return s, m.runnable(m.ctx, state)
}

func (m *Migrator) appliedAt(ctx context.Context) (map[uint]time.Time, error) {
	found := map[uint]time.Time{}
	if exists, err := m.exists(ctx, "schema_migration_log"); err != nil || !exists {
		return found, err
	}
	rows, err := m.session.conn.Query(ctx, "SELECT version, finished_at FROM public.schema_migration_log WHERE direction = 'up' AND finished_at IS NOT NULL")
	if err != nil {
		return nil, explainSession(err)
	}
	var version uint
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		found[version] = at.UTC()
		return nil
	})
	return found, explainSession(err)
}

// InvalidIndexes are the INVALID indexes that nobody is building.
func (m *Migrator) InvalidIndexes() ([]InvalidIndex, error) {
	rows, err := m.session.conn.Query(m.ctx, `
		SELECT indexrelid::regclass::text, 'DROP INDEX CONCURRENTLY ' || indexrelid::regclass
		FROM pg_index
		JOIN pg_class ON pg_class.oid = indexrelid
		WHERE NOT indisvalid
		  AND relkind = 'i'
		  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid)
		ORDER BY 1`)
	if err != nil {
		return nil, explainSession(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[InvalidIndex])
	return found, explainSession(err)
}

// index tells whether an index is there, and whether it is INVALID.
func (m *Migrator) index(ctx context.Context, name string) (valid, invalid bool, err error) {
	err = m.session.row(ctx, "SELECT indisvalid, NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", []any{name}, &valid, &invalid)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return valid, invalid, err
}

// runnable refuses to go on from a version that is dirty, with the commands that
// mend it, or newer than this program.
func (m *Migrator) runnable(ctx context.Context, state schemaState) error {
	if state.version > int(m.latest()) {
		return &MigrationError{Kind: Newer, text: fmt.Sprintf("the schema is at version %d, newer than this program's %d: use the release that made it", state.version, m.latest())}
	}
	if !state.dirty {
		return nil
	}
	remedy, err := m.remedy(ctx, state)
	if err != nil {
		return err
	}
	return &MigrationError{Kind: Dirty, text: remedy}
}

// remedy says what to run on a dirty version. No other run may be under way.
func (m *Migrator) remedy(ctx context.Context, state schemaState) (string, error) {
	step, finished, known, err := m.interrupted(ctx)
	if err != nil {
		return "", err
	}
	if !known {
		version := uint(max(state.version, 0))
		fromAbove := ""
		if next := m.after(version); next > version {
			fromAbove = fmt.Sprintf(" after an up, `todo migrate force %d` after a down", next)
		}
		return fmt.Sprintf("version %d is dirty: a migration to it failed or was killed half-way, and another program than this one ran it. Look in the schema: "+
			"if its changes are there run `todo migrate force %d`; if not, `todo migrate force %d`%s", version, version, m.before(version), fromAbove), nil
	}
	again := "todo migrate up"
	force := step.Version
	if step.Direction == "down" {
		again = "todo migrate status"
	}
	if finished == (step.Direction == "down") {
		force = m.before(step.Version)
	}
	left := ""
	if indexes, err := m.InvalidIndexes(); err != nil {
		return "", err
	} else if len(indexes) > 0 {
		var drops []string
		for _, index := range indexes {
			drops = append(drops, "`"+index.Drop+"`")
		}
		left = fmt.Sprintf(". An INVALID index is left; the next run of the file that made it drops it, or run %s", strings.Join(drops, ", "))
	}
	what := map[bool]string{
		true:  "had been committed when the run was killed",
		false: "failed or was killed, and nothing of it was committed",
	}[finished]
	return fmt.Sprintf("version %d is dirty: the %s file of migration %d %s. Run `todo migrate force %d`, then `%s`%s",
		max(state.version, 0), step.Direction, step.Version, what, force, again, left), nil
}

// interrupted is the file whose run left the version dirty and whether it did its
// work; not known if the log does not speak of that very marking.
func (m *Migrator) interrupted(ctx context.Context) (step MigrationStep, finished, known bool, err error) {
	if exists, err := m.exists(ctx, "schema_migration_log"); err != nil || !exists {
		return step, false, false, err
	}
	err = m.session.row(ctx, `
		SELECT log.version, direction, finished_at IS NOT NULL
		FROM public.schema_migration_log AS log
		JOIN public.schema_migrations AS state ON state.xmin = marked_by::xid
		WHERE dirty`, nil, &step.Version, &step.Direction, &finished)
	if errors.Is(err, pgx.ErrNoRows) {
		return step, false, false, nil
	}
	if err != nil || finished {
		return step, finished, err == nil, explainSession(err)
	}
	finished, err = m.finishedConcurrently(ctx, step)
	return step, finished, err == nil, err
}

// finishedConcurrently asks the catalog for what a file without a transaction
// could not record.
func (m *Migrator) finishedConcurrently(ctx context.Context, step MigrationStep) (bool, error) {
	i := slices.IndexFunc(m.files, func(f MigrationFile) bool { return f.Version == step.Version })
	if i < 0 {
		return false, nil
	}
	text := m.files[i].SQL
	if step.Direction == "down" {
		text = m.files[i].down
	}
	name, created := concurrentIndex(text)
	if name == "" {
		return false, nil
	}
	// A DROP that was cut short leaves the index INVALID, which is as good as gone:
	// the version before it then promises nothing that is not there.
	valid, _, err := m.index(ctx, name)
	return valid == created, explainSession(err)
}
