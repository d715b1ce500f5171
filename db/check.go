package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	todosql "github.com/securetodo/securetodo/sql"
)

// OldestSchema is the oldest version that this program may start on. It is raised to
// a migration that replies rely on and whose absence fails no query, such as a
// constraint. `make test-release` runs the tests on each version from it on.
const OldestSchema = 13

// Schema is the schema of a database, as seen by a program.
type Schema struct {
	// Version is that of the last migration, 0 where there was none.
	Version uint
	// Dirty says that this migration is under way, or was cut off: the schema may be
	// the one before it or the one after.
	Dirty bool
	// BuiltFor is the version that the program was built for.
	BuiltFor uint
}

// Check reports whether the server may work on this database: it takes writes, the
// session has the settings that the program depends on, the schema is not older than
// OldestSchema, whatever the program was built for, every query can run there as
// todo_app, and row-level security holds. A migration that is under way is no obstacle.
// The error is ErrUnavailable where asking again may help, and ErrReadOnly, too, where
// the database takes no writes; any other says which command fixes it.
//
// It asks on the connection that is kept for probes. What a Check has found stays true
// while somebody else's lock, or a database that is busy with requests, keeps the next
// from looking.
func (p *Pool) Check(ctx context.Context) (Schema, error) {
	schema, err := p.checkFor(ctx, OldestSchema, todosql.LatestVersion())
	if last := p.passed.Load(); last != nil && p.isBusy(err) {
		return *last, nil
	}
	if err == nil {
		p.passed.Store(&schema)
	}
	return schema, err
}

// checkFor is Check for a program that was built for version latest and needs oldest.
func (p *Pool) checkFor(ctx context.Context, oldest, latest uint) (schema Schema, err error) {
	// setScope may be prepared, and the connection dead.
	err = p.retry(ctx, newTries(false, false), func(string) error {
		return p.probe(ctx, func(conn *pgx.Conn) error {
			schema, err = p.checkNodes(ctx, conn, oldest, latest)
			err = lossError(ctx, conn, schema, err)
			if err == nil {
				err = p.checkPreparing(ctx, conn)
			}
			if errors.Is(err, ErrReadOnly) {
				abandon(conn) // another may lead elsewhere
			}
			return err
		})
	})
	return schema, err
}

// checkOnce looks on every node, or, where an owner is given or it has passed before, on
// the node of that owner's rows alone.
func (p *Pool) checkOnce(ctx context.Context, conn *pgx.Conn, oldest, latest uint, owner string) (schema Schema, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return Schema{}, translate(err)
	}
	defer tx.Rollback(ctx)

	if err := p.setNoUser(ctx, tx); err != nil {
		return Schema{}, roleError(err)
	}
	if err := checkSession(ctx, tx); err != nil {
		return Schema{}, err
	}
	schema, err = readSchema(ctx, tx)
	schema.BuiltFor = latest
	switch {
	case err != nil:
		return schema, err
	case schema.Dirty && schema.Version <= oldest:
		// It may still be the version before, and what that lacks need not fail a query.
		return schema, fmt.Errorf("schema version %d is dirty, and this program needs all of %d: run `todo migrate status`, which says what to do", schema.Version, oldest)
	case schema.Version < oldest:
		return schema, fmt.Errorf("the schema is at version %d, this program needs %d: run `todo migrate up`", schema.Version, oldest)
	}
	if err := p.checkDistribution(ctx, tx); err != nil {
		return schema, err
	}
	queries := record()
	passed := p.hasPassed(schema)
	if passed {
		queries = map[string]Recorder{"GetUser": queries["GetUser"]}
	}
	if err := checkRLS(ctx, tx, owner == "" && !passed); err != nil {
		return schema, err
	}
	if name, err := explain(ctx, tx.Conn(), queries, owner); err != nil {
		return schema, schema.queryError(name, translate(err))
	}
	return schema, nil
}

// brokenQuery is the error of a query that cannot run on a schema.
type brokenQuery struct {
	query  string
	schema Schema
	remedy string
	cause  error
}

func (e *brokenQuery) Error() string {
	return fmt.Sprintf("query %s cannot run on schema version %d, and this program was built for %d: %s: %v", e.query, e.schema.Version, e.schema.BuiltFor, e.cause, e.remedy)
}

func (e *brokenQuery) Unwrap() error { return e.cause }

// queryError says what to run so that a query can run that cannot.
func (s Schema) queryError(query string, err error) error {
	if errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("query %s: %w", query, err)
	}
	remedy := "run the release that fits the schema, or, if nothing is newer, look for what was changed by hand"
	switch {
	case s.Dirty:
		remedy = "a migration is under way or was cut off: run `todo migrate status`, which says what to do"
	case s.Version < s.BuiltFor:
		remedy = "run `todo migrate up`"
	}
	return &brokenQuery{query, s, remedy, err}
}

func roleError(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return translate(err)
	}
	switch pg.Code {
	case "22023": // invalid parameter value
		return errors.New("role todo_app does not exist: run `todo migrate up`")
	case "42501": // insufficient privilege
		return errors.New("the login may not switch to role todo_app: run GRANT todo_app TO that login")
	}
	return translate(err)
}

func readSchema(ctx context.Context, tx pgx.Tx) (Schema, error) {
	// A down file of the first migration leaves -1, which golang-migrate says for
	// none.
	var version int
	var dirty bool
	err := tx.QueryRow(ctx, "SELECT version, dirty FROM public.schema_migrations").Scan(&version, &dirty)
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Schema{}, nil
	case errors.As(err, &pg) && pg.Code == "42P01": // undefined table
		return Schema{}, errors.New("the schema has no version: run `todo migrate up`")
	case errors.As(err, &pg) && pg.Code == "42501": // insufficient privilege: not granted yet
		return Schema{}, errors.New("the schema is older than this program: run `todo migrate up`")
	case err != nil:
		return Schema{}, translate(err)
	}
	return Schema{Version: uint(max(version, 0)), Dirty: dirty}, nil
}
