package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/securetodo/securetodo/db/pgerr"
)

const (
	// connectTimeout leaves a database that scaled to zero the time to wake up.
	connectTimeout = 15 * time.Second
	// lockTimeout is how long whatever states no lock_timeout of its own waits for a
	// table.
	lockTimeout = "10s"
	// statementTimeout is how long one of the runner's own short statements may take:
	// longer than lockTimeout, so that PostgreSQL says what it waited for.
	statementTimeout = 12 * time.Second
	// pollInterval is the time between two tries to get the lock or a connection.
	pollInterval = 100 * time.Millisecond
	// schemaName is the only schema that the server works in.
	schemaName = "public"
	// versionTable is where golang-migrate keeps the version.
	versionTable = "schema_migrations"
)

// session is one connection, which golang-migrate sees as a database/sql pool. The
// session that runs the files must hold the lock itself, because PostgreSQL goes on
// with a file whose client was killed, and others must be kept out until it has ended.
type session struct {
	pool    *sql.DB
	conn    *pgx.Conn
	name    string // the database's
	lockKey string
}

// openSession connects, and tries again until the wait is over while the database
// may be waking up.
func openSession(ctx context.Context, databaseURL string, wait time.Duration) (*session, error) {
	// The server's URL may hold settings of its pool.
	pool, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, refuse("%v", pgerr.ErrURL)
	}
	config := pool.ConnConfig
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["lock_timeout"] = oddLockTimeout()
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "todo migrate"
	}
	s := &session{}
	s.pool = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(_ context.Context, conn *pgx.Conn) error {
		s.conn = conn
		return nil
	}))
	s.pool.SetMaxOpenConns(1)
	deadline := time.Now().Add(wait)
	for {
		err := s.pool.PingContext(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("interrupted before anything was run: %w", ctx.Err()), s.pool.Close())
		}
		wrapped, transient := wrapConnectError(config, err)
		if !transient || time.Now().After(deadline) || pause(ctx) != nil {
			return nil, errors.Join(wrapped, s.pool.Close())
		}
	}
	err = s.refusePooler(ctx, config)
	if err == nil {
		err = s.identify(ctx)
	}
	if err != nil {
		return nil, errors.Join(wrapSessionError(err), s.pool.Close())
	}
	return s, nil
}

// identify refuses a database that the server could not work on, and computes the key
// of the lock as the stock migrate command does: it names the database by the path of
// its URL, with the slash.
func (s *session) identify(ctx context.Context) error {
	var searchPath, encoding string
	if err := s.row(ctx, "SELECT current_database(), COALESCE(current_schema(), ''), current_setting('server_encoding')", nil, &s.name, &searchPath, &encoding); err != nil {
		return err
	}
	if searchPath != schemaName {
		return s.refuseSchema(ctx, searchPath)
	}
	if encoding != "UTF8" {
		return refuse("the database's encoding is %s, which cannot hold every title: make it WITH ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	if err := s.needICU(ctx); err != nil {
		return err
	}
	key, err := database.GenerateAdvisoryLockId("/"+s.name, schemaName, versionTable)
	s.lockKey = key
	return err
}

// refuseSchema says why the session is not in the schema that the server works in, and what
// brings it there.
func (s *session) refuseSchema(ctx context.Context, found string) error {
	var remedy string
	err := s.row(ctx, `
		SELECT CASE
		    WHEN to_regnamespace('public') IS NULL THEN 'there is no public: run CREATE SCHEMA public'
		    WHEN NOT has_schema_privilege('public', 'USAGE') THEN format('it has lost USAGE of public: as the owner of that schema, or a superuser, run GRANT USAGE, CREATE ON SCHEMA public TO %I', session_user)
		    WHEN source = 'database' THEN format('run ALTER DATABASE %I RESET search_path', current_database())
		    WHEN source = 'user' THEN format('run ALTER ROLE %I RESET search_path', session_user)
		    WHEN source = 'database user' THEN format('run ALTER ROLE %I IN DATABASE %I RESET search_path', session_user, current_database())
		    WHEN source = 'client' THEN 'leave search_path out of the URL'
		    ELSE format('run ALTER ROLE %I IN DATABASE %I SET search_path = public', session_user, current_database())
		  END
		FROM pg_settings
		WHERE name = 'search_path'`, nil, &remedy)
	if err != nil {
		return err
	}
	return refuse("the login's search_path leads to schema %q, and the server works in public: %s", found, remedy)
}

// needICU refuses a server without ICU, by which titles are sorted and texts searched:
// one that was built without it, or a database whose collations were removed.
func (s *session) needICU(ctx context.Context) error {
	var upper string
	err := s.row(ctx, `SELECT upper('ß' COLLATE "und-x-icu")`, nil, &upper)
	pg, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case fromServer && (pg.Code == pgerrcode.UndefinedObject || pg.Code == pgerrcode.FeatureNotSupported):
		return refuse("this PostgreSQL has no ICU, by which titles are sorted and texts are searched (%s): use one that is built with it (--with-icu), as the distributions' packages and the hosted ones are", pg.Message)
	case err != nil:
		return err
	}
	return nil
}

// row runs one of the runner's own short statements.
func (s *session) row(ctx context.Context, query string, args []any, into ...any) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	return s.conn.QueryRow(ctx, query, args...).Scan(into...)
}

func (s *session) exists(ctx context.Context, table string) (exists bool, err error) {
	err = s.row(ctx, "SELECT to_regclass($1) IS NOT NULL", []any{schemaName + "." + table}, &exists)
	return exists, wrapSessionError(err)
}

func pause(ctx context.Context) error { return sleep(ctx, pollInterval) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
