// Package migration is what `todo migrate` runs: the embedded migrations, by
// golang-migrate, in the version table (schema_migrations) and under the lock that its
// stock command uses too. Beside the version it keeps a log, from which it tells how far
// a killed run came and which commands recover it.
package migration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	todosql "github.com/securetodo/securetodo/sql"
)

// Runner runs migrations on one database, one call at a time. It writes nothing before
// Up, Down, Goto or Force, and stops after the file that is being run when the context
// of such a call ends. Errors are an *Error where a program may want to tell them apart.
type Runner struct {
	target   *target
	source   fs.FS
	lockWait time.Duration
	progress io.Writer
	stock    database.Driver // nil until something is run
	prepared bool            // the tables are there
	steps    []Step
}

// Config is what a Runner may be told; its zero value will do.
type Config struct {
	// Wait is how long to go on trying to reach a database that may be waking up.
	Wait time.Duration
	// LockWait is how long to wait for another run, and how long to go on trying to run
	// a file that other sessions' locks are in the way of; a minute if zero.
	LockWait time.Duration
	// Progress gets a line for each wait for such a lock, if not nil.
	Progress io.Writer
	// Files hold a folder migrations; the embedded ones if nil.
	Files fs.FS
}

// Open connects to a PostgreSQL URL, which must reach the server itself: a pooler in
// transaction mode loses the session lock that keeps two runs apart, and is refused also
// where it hides what it is.
func Open(ctx context.Context, databaseURL string, config Config) (*Runner, error) {
	if IsPooler(databaseURL) {
		return nil, refuse("the URL names a -pooler host, through which migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL (the same host without -pooler)")
	}
	r := &Runner{source: config.Files, lockWait: cmp.Or(config.LockWait, time.Minute), progress: cmp.Or(config.Progress, io.Discard)}
	if r.source == nil {
		r.source = todosql.Migrations
	}
	files, err := readFolder(r.source)
	if err != nil {
		return nil, err
	}
	s, err := openSession(ctx, databaseURL, config.Wait)
	if err != nil {
		return nil, err
	}
	r.target = &target{session: s, files: files}
	return r, nil
}

// Close closes the connection.
func (r *Runner) Close() error {
	if r.stock == nil {
		return r.target.pool.Close()
	}
	return r.stock.Close()
}

// Version returns the schema's version, 0 where nothing is applied, and whether a
// migration was left half done.
func (r *Runner) Version(ctx context.Context) (version uint, dirty bool, err error) {
	at, err := r.target.state(ctx)
	return at.schemaVersion(), at.dirty, err
}

// Status reads all there is to know, without the lock. The error is Dirty, Locked, Newer
// or Damaged beside a status that says more.
func (r *Runner) Status(ctx context.Context) (*Status, error) {
	status, err := r.target.status(ctx)
	if err == nil {
		err = r.whole(ctx)
	}
	return status, err
}

// Plan returns the migrations that Up would run, in order.
func (r *Runner) Plan(ctx context.Context) ([]File, error) { return r.target.plan(ctx) }

// Setup returns the SQL of the tables that a run makes first, in which it keeps the version
// and the log; "" where they are.
func (r *Runner) Setup(ctx context.Context) (string, error) { return r.target.setup(ctx) }

// Steps are the files that this Runner has run.
func (r *Runner) Steps() []Step { return r.steps }

// Up applies every migration that is not applied yet. The error is Damaged where that
// leaves a schema that a server could not work on.
func (r *Runner) Up(ctx context.Context) error {
	if err := r.run(ctx, (*migrate.Migrate).Up); err != nil {
		return err
	}
	return r.whole(ctx)
}

// Down takes the newest n applied migrations back, with the data they hold.
func (r *Runner) Down(ctx context.Context, n uint) error {
	at, err := r.target.state(ctx)
	if err != nil {
		return err
	}
	if err := r.target.runnable(ctx, at); err != nil {
		return err
	}
	applied := uint(0)
	for _, file := range r.target.files {
		if at.applied(file) {
			applied++
		}
	}
	if n == 0 || n > applied {
		return refuse("down takes 1 to %d, the number of applied migrations, not %d", applied, n)
	}
	return r.run(ctx, func(m *migrate.Migrate) error { return m.Steps(-int(n)) })
}

// Goto goes up or down to a version; 0 takes every migration back.
func (r *Runner) Goto(ctx context.Context, version uint) error {
	if err := r.target.files.known(version); err != nil {
		return err
	}
	return r.run(ctx, func(m *migrate.Migrate) error {
		if version == 0 {
			return m.Down()
		}
		return m.Migrate(version)
	})
}

// Force records a version as the clean state without running anything; 0 records
// that nothing is applied.
func (r *Runner) Force(ctx context.Context, version uint) error {
	if err := r.target.files.known(version); err != nil {
		return err
	}
	at, err := r.target.state(ctx)
	if err != nil {
		return err
	}
	at.dirty = false
	if err := r.target.runnable(ctx, at); err != nil {
		return err
	}
	return r.run(ctx, func(m *migrate.Migrate) error {
		if version == 0 {
			return m.Force(database.NilVersion)
		}
		return m.Force(int(version))
	})
}

// run has golang-migrate do something, which writes its version table first. Nothing
// to do is no error.
func (r *Runner) run(ctx context.Context, do func(*migrate.Migrate) error) error {
	d := &driver{ctx: ctx, target: r.target, lockWait: r.lockWait, progress: r.progress}
	m, err := r.prepare(ctx, d)
	if err != nil {
		err = wrapSessionError(err)
	} else {
		err = r.wrapRunError(ctx, do(m))
	}
	r.steps = append(r.steps, d.steps...)
	switch {
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		return err
	case len(d.steps) == 0:
		return fmt.Errorf("interrupted before anything was run: %w", err)
	}
	return fmt.Errorf("interrupted with more to run: run the command again: %w", err)
}

// prepare makes what golang-migrate needs: its tables and ours, once, and an instance
// for one call.
func (r *Runner) prepare(ctx context.Context, d *driver) (*migrate.Migrate, error) {
	if err := r.prepareTables(ctx); err != nil {
		return nil, err
	}
	d.Driver = r.stock
	files, err := iofs.New(r.source, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	m, err := migrate.NewWithInstance("iofs", files, "pgx5", d)
	if err != nil {
		return nil, err
	}
	m.LockTimeout = r.lockWait + time.Minute // the driver's own wait ends first
	return m, nil
}

func (r *Runner) prepareTables(ctx context.Context) (err error) {
	if r.prepared {
		return nil
	}
	if err := r.target.lock(ctx, r.lockWait); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.target.unlock()) }()
	if r.stock == nil {
		if r.stock, err = newStockDriver(r.target.session); err != nil {
			return err
		}
	}
	err = r.target.prepareLog(ctx)
	r.prepared = err == nil
	return err
}
