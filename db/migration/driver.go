package migration

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	pgxmigrate "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// markTimeout is how long the transaction that marks a version may take.
const markTimeout = 20 * time.Second

// newStockDriver is golang-migrate's own driver. The caller holds the lock: the driver
// takes it inside pg_advisory_lock, which returns at once to the session that has it.
func newStockDriver(s *session) (database.Driver, error) {
	stock, err := pgxmigrate.WithInstance(s.pool, &pgxmigrate.Config{DatabaseName: "/" + s.name, SchemaName: schemaName})
	if err != nil {
		return nil, fmt.Errorf("preparing the version table: %w", err)
	}
	return stock, nil
}

// driver is golang-migrate's driver for one call of a Runner, except that each file
// records itself in its own transaction, and the lock is polled for.
type driver struct {
	database.Driver
	// ctx is that of the call: golang-migrate calls a driver without one.
	ctx      context.Context
	target   *target
	lockWait time.Duration
	progress io.Writer
	step     Step   // under way
	from, to int    // the versions before and after it
	steps    []Step // done
}

func (d *driver) Lock() error   { return d.target.lock(d.ctx, d.lockWait) }
func (d *driver) Unlock() error { return d.target.unlock() }

// Version is read under the lock, so no run is under way when it judges. It never
// says that a version is dirty: the error does, with what to run.
func (d *driver) Version() (int, bool, error) {
	ctx := context.WithoutCancel(d.ctx)
	at, err := d.target.state(ctx)
	if err == nil {
		err = d.target.runnable(ctx, at)
	}
	return at.version, false, err
}

// SetVersion is called with dirty before a file, which is where an interrupted run
// ends: golang-migrate's own GracefulStop is read and written by two goroutines at
// once. What has begun is finished whatever becomes of the context.
func (d *driver) SetVersion(version int, dirty bool) error {
	if err := d.ctx.Err(); dirty && err != nil {
		return err
	}
	return d.mark(func(ctx context.Context) (err error) {
		if !dirty {
			return d.target.markClean(ctx, version)
		}
		d.to = version
		d.step, d.from, err = d.target.markDirty(ctx, version)
		return err
	})
}

func (d *driver) Run(file io.Reader) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	text := string(content)
	if isConcurrent(text) {
		err = d.runConcurrently(text)
	} else {
		err = d.runUnblocked(func() error { return d.runTransaction(text) })
	}
	if err == nil {
		d.steps = append(d.steps, d.step)
	}
	return err
}

func (d *driver) runText(sql string) error { return d.Driver.Run(strings.NewReader(sql)) }

// runTransaction sends the statements of a file one by one, in one transaction with what
// records it: in an engine that distributes rows no text may hold several. The error
// names the line of the file where the statement has its fault, or begins; what only the
// commit tells is about the whole file.
func (d *driver) runTransaction(text string) error {
	ctx := context.WithoutCancel(d.ctx)
	err := pgx.BeginFunc(ctx, d.target.conn, func(tx pgx.Tx) error {
		sent := 0
		for _, statement := range Statements(text) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return statementError(err, text, sent, statement)
			}
			sent += len(statement)
		}
		_, err := tx.Exec(ctx, finishedSQL(d.step))
		return err
	})
	if pg, ok := err.(*pgconn.PgError); ok {
		return statementError(pg, text, 0, text)
	}
	return err
}

// runConcurrently first drops what a killed run left of the index, which IF NOT EXISTS
// would keep though no query can use it. The wait for older transactions is part of
// the work, and cut short leaves another INVALID index: so no lock_timeout.
func (d *driver) runConcurrently(text string) error {
	if name, created := concurrentIndex(text); created {
		_, invalid, err := d.target.index(context.WithoutCancel(d.ctx), name)
		if err != nil {
			return err
		}
		if invalid {
			if err := d.runText("DROP INDEX CONCURRENTLY " + name); err != nil {
				return err
			}
		}
	}
	for _, sql := range []string{"SET lock_timeout = 0", text, "SET lock_timeout = '" + lockTimeout + "'", finishedSQL(d.step)} {
		if err := d.runText(sql); err != nil {
			return err
		}
	}
	return nil
}
