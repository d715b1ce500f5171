package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	pgxmigrate "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5/pgconn"

	todosql "github.com/securetodo/securetodo/sql"
)

// Migrator runs the embedded migrations by golang-migrate, in the version table
// (schema_migrations) and under the lock that its stock command uses too. It writes
// nothing before it is asked to. Errors are a *MigrationError where a program may
// want to tell them apart.
type Migrator struct {
	ctx      context.Context
	lockWait time.Duration
	source   fs.FS
	files    []MigrationFile
	session  *session
	migrate  *migrate.Migrate
	steps    []MigrationStep
}

// MigratorConfig is what a Migrator may be told; its zero value will do.
type MigratorConfig struct {
	// Wait is how long to go on trying to reach a database that may be waking up.
	Wait time.Duration
	// LockWait is how long to wait for another run; a minute if zero.
	LockWait time.Duration
	// Files hold a folder migrations; the embedded ones if nil.
	Files fs.FS
}

// NewMigrator connects to the PostgreSQL URL, which must reach the server itself:
// a pooler in transaction mode loses the session lock that keeps two runs apart.
// When the context ends, a run stops after the file that it is at.
func NewMigrator(ctx context.Context, databaseURL string) (*Migrator, error) {
	return MigratorConfig{}.Open(ctx, databaseURL)
}

// Open is NewMigrator with a configuration.
func (c MigratorConfig) Open(ctx context.Context, databaseURL string) (*Migrator, error) {
	if IsPooler(databaseURL) {
		return nil, refuse("the URL names a -pooler host, through which migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL (the same host without -pooler)")
	}
	m := &Migrator{ctx: ctx, source: c.Files, lockWait: c.LockWait}
	if m.lockWait == 0 {
		m.lockWait = time.Minute
	}
	if m.source == nil {
		m.source = todosql.Migrations
	}
	var err error
	if m.files, err = migrationFiles(m.source); err != nil {
		return nil, err
	}
	if m.session, err = openSession(ctx, databaseURL, c.Wait); err != nil {
		return nil, err
	}
	return m, nil
}

// Close closes the connection.
func (m *Migrator) Close() error {
	if m.migrate == nil {
		return m.session.pool.Close()
	}
	source, database := m.migrate.Close()
	return errors.Join(source, database)
}

// prepare makes what golang-migrate needs, which writes its version table.
func (m *Migrator) prepare() (err error) {
	if m.migrate != nil {
		return nil
	}
	if err := m.session.lock(m.ctx, m.lockWait); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.session.unlock()) }()
	files, err := iofs.New(m.source, "migrations")
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	// The driver takes the lock inside pg_advisory_lock, which returns at once to
	// the session that has it.
	driver, err := pgxmigrate.WithInstance(m.session.pool, &pgxmigrate.Config{DatabaseName: "/" + m.session.name, SchemaName: migrationSchema})
	if err != nil {
		return fmt.Errorf("preparing the version table: %w", err)
	}
	if exists, err := m.exists(m.ctx, "schema_migration_log"); err != nil {
		return err
	} else if !exists {
		if _, err := m.session.conn.Exec(m.ctx, logTable); err != nil {
			return fmt.Errorf("preparing the table of the log: %w", err)
		}
	}
	m.migrate, err = migrate.NewWithInstance("iofs", files, "pgx5", &recorder{Driver: driver, m: m})
	if err != nil {
		return err
	}
	// The driver's own wait ends first.
	m.migrate.LockTimeout = m.lockWait + time.Minute
	return nil
}

// Version returns the schema's version, 0 where nothing is applied, and whether a
// migration was left half done.
func (m *Migrator) Version() (version uint, dirty bool, err error) {
	state, err := m.state(m.ctx)
	return uint(max(state.version, 0)), state.dirty, err
}

// Steps are the files that this Migrator has run.
func (m *Migrator) Steps() []MigrationStep { return m.steps }

// Plan returns the migrations that Up would run, in order.
func (m *Migrator) Plan() ([]MigrationFile, error) {
	state, err := m.state(m.ctx)
	if err != nil {
		return nil, err
	}
	if err := m.runnable(m.ctx, state); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(m.files), func(f MigrationFile) bool { return int(f.Version) <= state.version }), nil
}

// Up applies every migration that is not applied yet.
func (m *Migrator) Up() error {
	return m.run(func() error { return m.migrate.Up() })
}

// Down takes the newest n applied migrations back, with the data they hold.
func (m *Migrator) Down(n uint) error {
	state, err := m.state(m.ctx)
	if err != nil {
		return err
	}
	if err := m.runnable(m.ctx, state); err != nil {
		return err
	}
	applied := uint(0)
	for _, file := range m.files {
		if int(file.Version) <= state.version {
			applied++
		}
	}
	if n == 0 || n > applied {
		return refuse("down takes 1 to %d, the number of applied migrations, not %d", applied, n)
	}
	return m.run(func() error { return m.migrate.Steps(-int(n)) })
}

// Goto goes up or down to a version; 0 takes every migration back.
func (m *Migrator) Goto(version uint) error {
	if err := m.known(version); err != nil {
		return err
	}
	return m.run(func() error {
		if version == 0 {
			return m.migrate.Down()
		}
		return m.migrate.Migrate(version)
	})
}

// Force records a version as the clean state without running anything; 0 records
// that nothing is applied.
func (m *Migrator) Force(version uint) error {
	if err := m.known(version); err != nil {
		return err
	}
	state, err := m.state(m.ctx)
	if err != nil {
		return err
	}
	state.dirty = false
	if err := m.runnable(m.ctx, state); err != nil {
		return err
	}
	return m.run(func() error {
		if version == 0 {
			return m.migrate.Force(database.NilVersion)
		}
		return m.migrate.Force(int(version))
	})
}

// run prepares and runs, and says what to do about an error of golang-migrate.
// Nothing to do is none.
func (m *Migrator) run(do func() error) error {
	err := explainSession(m.prepare())
	if err == nil {
		err = m.explain(do())
	}
	switch {
	case m.ctx.Err() == nil || !errors.Is(err, m.ctx.Err()):
		return err
	case len(m.steps) == 0:
		return fmt.Errorf("interrupted before anything was run: %w", err)
	}
	return fmt.Errorf("interrupted with more to run: run the command again: %w", err)
}

func (m *Migrator) explain(err error) error {
	failed, ok := driverError(err)
	switch {
	case err == nil, errors.Is(err, migrate.ErrNoChange):
		return nil
	case m.session.conn.IsClosed():
		return &MigrationError{Kind: Unreachable, text: lostText, cause: cmp.Or(failed.OrigErr, err)}
	case !ok:
		return explainSession(err)
	}
	what := fmt.Sprintf("%s (line %d of the file, %v)", failed.Err, failed.Line, failed.OrigErr)
	if pg, answered := errors.AsType[*pgconn.PgError](failed.OrigErr); answered && pg.Hint != "" {
		what += ". " + pg.Hint
	}
	state, stateErr := m.state(context.Background())
	if stateErr != nil || !state.dirty {
		return fmt.Errorf("%s: %w", what, errors.Join(failed.OrigErr, stateErr))
	}
	remedy, remedyErr := m.remedy(context.Background(), state)
	if remedyErr != nil {
		return errors.Join(err, remedyErr)
	}
	return &MigrationError{Kind: Dirty, text: what + ". Mend the cause; " + remedy}
}

func (m *Migrator) latest() uint {
	if len(m.files) == 0 {
		return 0
	}
	return m.files[len(m.files)-1].Version
}

// before is the version that a migration is applied to, 0 for none.
func (m *Migrator) before(version uint) (before uint) {
	for _, file := range m.files {
		if file.Version < version {
			before = file.Version
		}
	}
	return before
}

// after is the migration that follows one, the same where none does.
func (m *Migrator) after(version uint) uint {
	for _, file := range m.files {
		if file.Version > version {
			return file.Version
		}
	}
	return version
}

func (m *Migrator) known(version uint) error {
	if version == 0 || slices.ContainsFunc(m.files, func(f MigrationFile) bool { return f.Version == version }) {
		return nil
	}
	return refuse("there is no version %d: the newest is %d", version, m.latest())
}
