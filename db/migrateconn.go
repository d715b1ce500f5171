package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/securetodo/securetodo/db/pgerr"
)

const (
	// migrationLockTimeout is how long whatever states no lock_timeout of its own
	// waits for a table.
	migrationLockTimeout = "10s"
	// migrationPoll is the time between two tries to get the lock or a connection.
	migrationPoll = 100 * time.Millisecond
	// migrationSchema is the only one that the server works in.
	migrationSchema = "public"
	// migrationTable is where golang-migrate keeps the version.
	migrationTable = "schema_migrations"
)

// session is one connection, which golang-migrate sees as a database/sql pool: the
// lock must be held by the session that runs the files, for PostgreSQL goes on with
// a file whose client was killed and must keep others out until it has ended.
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
	config.RuntimeParams["lock_timeout"] = migrationLockTimeout
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
		explained, passing := explainConnection(config, err)
		if !passing || time.Now().After(deadline) || pause(ctx) != nil {
			return nil, errors.Join(explained, s.pool.Close())
		}
	}
	if err := s.identify(ctx); err != nil {
		return nil, errors.Join(explainSession(err), s.pool.Close())
	}
	return s, nil
}

// identify finds the key of the lock that the stock migrate command takes: it names
// the database as the path of its URL, with the slash.
func (s *session) identify(ctx context.Context) error {
	var schema, encoding string
	if err := s.row(ctx, "SELECT current_database(), COALESCE(current_schema(), ''), current_setting('server_encoding')", nil, &s.name, &schema, &encoding); err != nil {
		return err
	}
	if schema != migrationSchema {
		return refuse("the login's search_path leads to schema %q, and the server works in public: leave search_path out of the URL and of the role, or, if there is no public, run CREATE SCHEMA public", schema)
	}
	if encoding != "UTF8" {
		return refuse("the database's encoding is %s, which cannot hold every title: make it WITH ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	key, err := database.GenerateAdvisoryLockId("/"+s.name, migrationSchema, migrationTable)
	s.lockKey = key
	return err
}

// lock polls for the lock. A session that waits inside pg_advisory_lock holds a
// snapshot, which CREATE INDEX CONCURRENTLY in the run that has the lock waits for.
func (s *session) lock(ctx context.Context, wait time.Duration) error {
	for deadline := time.Now().Add(wait); ; {
		var got bool
		if err := s.row(ctx, "SELECT pg_try_advisory_lock($1)", []any{s.lockKey}, &got); err != nil || got {
			return explainSession(err)
		}
		if time.Now().After(deadline) {
			return s.lockedBy(ctx, wait)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (s *session) unlock() error {
	var was bool
	return explainSession(s.row(context.Background(), "SELECT pg_advisory_unlock($1)", []any{s.lockKey}, &was))
}

func (s *session) lockedBy(ctx context.Context, wait time.Duration) error {
	holder, err := s.holder(ctx)
	if err != nil {
		return explainSession(err)
	}
	who := "another run"
	if holder != nil {
		who = holder.String()
	}
	return &MigrationError{Kind: Locked, text: fmt.Sprintf("%s holds the lock after %s: wait for it, with --lock-wait for longer", who, wait)}
}

// MigrationRun is a run that holds the lock.
type MigrationRun struct {
	// PID is its PostgreSQL process, for pg_stat_activity.
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Program string    `json:"program"`
}

func (r MigrationRun) String() string {
	return fmt.Sprintf("another run (%q, PostgreSQL process %d, connected since %s)", r.Program, r.PID, r.Since.UTC().Format(time.RFC3339))
}

// holder is the other session that holds the lock, nil for none.
func (s *session) holder(ctx context.Context) (*MigrationRun, error) {
	var run MigrationRun
	err := s.row(ctx, `
		SELECT pid, COALESCE(backend_start, now()), COALESCE(application_name, '')
		FROM pg_locks
		JOIN pg_stat_activity USING (pid)
		WHERE locktype = 'advisory'
		  AND classid = 0
		  AND objid = $1::text::bigint::oid
		  AND objsubid = 1
		  AND granted
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND pid <> pg_backend_pid()`, []any{s.lockKey}, &run.PID, &run.Since, &run.Program)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &run, err
}

// row runs one of the runner's own short statements.
func (s *session) row(ctx context.Context, query string, args []any, into ...any) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout+timeoutSlack)
	defer cancel()
	return s.conn.QueryRow(ctx, query, args...).Scan(into...)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(migrationPoll):
		return nil
	}
}

// IsPooler tells whether a PostgreSQL URL or DSN names a pooler of Neon's, whose
// host names end their first label in -pooler.
func IsPooler(databaseURL string) bool {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return false
	}
	isPooler := func(host string) bool {
		label, _, _ := strings.Cut(host, ".")
		return strings.HasSuffix(label, "-pooler")
	}
	return isPooler(config.Host) ||
		slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return isPooler(f.Host) })
}
