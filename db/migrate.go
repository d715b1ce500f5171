package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	pgxmigrate "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	todosql "github.com/securetodo/securetodo/sql"
)

// Migrator runs the embedded migrations by golang-migrate, in the version table
// (schema_migrations) that its stock command uses too.
type Migrator struct {
	migrate *migrate.Migrate
	latest  uint
}

// NewMigrator connects to the PostgreSQL URL, which must reach the server itself:
// a pooler in transaction mode loses the session lock that keeps two runs apart.
func NewMigrator(ctx context.Context, databaseURL string) (*Migrator, error) {
	if IsPooler(databaseURL) {
		return nil, errors.New("the URL names a -pooler host, through which migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL (the same host without -pooler)")
	}
	latest, err := LatestVersion()
	if err != nil {
		return nil, err
	}
	files, err := iofs.New(todosql.Migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded migrations: %w", err)
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, errURL
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	pool := stdlib.OpenDB(*config)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to %s: %w", net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), err), pool.Close())
	}
	driver, err := pgxmigrate.WithInstance(pool, &pgxmigrate.Config{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the version table: %w", err), pool.Close())
	}
	m, err := migrate.NewWithInstance("iofs", files, "pgx5", driver)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	m.LockTimeout = time.Minute
	return &Migrator{migrate: m, latest: latest}, nil
}

// Close gives the connection back.
func (m *Migrator) Close() error {
	source, database := m.migrate.Close()
	return errors.Join(source, database)
}

// Version returns the schema's version, 0 where nothing is applied, and whether a
// migration was left half done.
func (m *Migrator) Version() (version uint, dirty bool, err error) {
	version, dirty, err = m.migrate.Version()
	if errors.Is(err, migrate.ErrNilVersion) {
		return 0, false, nil
	}
	return version, dirty, err
}

// Up applies every migration that is not applied yet.
func (m *Migrator) Up() error {
	version, _, err := m.Version()
	if err != nil {
		return err
	}
	if version > m.latest {
		return fmt.Errorf("the schema is at version %d, newer than this program's %d: use the release that made it", version, m.latest)
	}
	return m.explain(m.migrate.Up(), version)
}

// Down takes the newest n applied migrations back, with the data they hold.
func (m *Migrator) Down(n uint) error {
	version, _, err := m.Version()
	if err != nil {
		return err
	}
	if n == 0 || n > version {
		return fmt.Errorf("down takes 1 to %d, the number of applied migrations, not %d", version, n)
	}
	return m.explain(m.migrate.Steps(-int(n)), version)
}

// Goto goes up or down to a version; 0 takes every migration back.
func (m *Migrator) Goto(version uint) error {
	if version > m.latest {
		return fmt.Errorf("there is no version %d: the newest is %d", version, m.latest)
	}
	before, _, err := m.Version()
	if err != nil {
		return err
	}
	if version == 0 {
		return m.explain(m.migrate.Down(), before)
	}
	return m.explain(m.migrate.Migrate(version), before)
}

// Force records a version as the clean state without running anything; 0 records
// that nothing is applied.
func (m *Migrator) Force(version uint) error {
	if version > m.latest {
		return fmt.Errorf("there is no version %d: the newest is %d", version, m.latest)
	}
	if version == 0 {
		return m.migrate.Force(database.NilVersion)
	}
	return m.migrate.Force(int(version))
}

// explain says what to do about an error of golang-migrate. Nothing to do is none.
// before is the version that the run began at.
func (m *Migrator) explain(err error, before uint) error {
	var dirty migrate.ErrDirty
	var failed database.Error
	switch {
	case err == nil, errors.Is(err, migrate.ErrNoChange):
		return nil
	case errors.As(err, &failed):
		// golang-migrate marks the version that the file leads to. The file's
		// transaction was rolled back, so the schema is where it comes from: one
		// below on the way up, one above on the way down.
		marked, _, versionErr := m.migrate.Version()
		if errors.Is(versionErr, migrate.ErrNilVersion) || int(marked) < 0 {
			marked, versionErr = 0, nil
		}
		if versionErr != nil {
			return errors.Join(err, versionErr)
		}
		stands := marked - 1
		if marked < before {
			stands = marked + 1
		}
		return fmt.Errorf("%s (line %d of the file, %w): its transaction was rolled back, so the schema is still at version %d, but it is marked dirty. "+
			"Mend the cause, then run `todo migrate force %d` and what you ran again", failed.Err, failed.Line, failed.OrigErr, stands, stands)
	case errors.As(err, &dirty):
		return fmt.Errorf("version %d is dirty: a migration to it failed or was killed half-way. Look in the schema: if its changes are there run `todo migrate force %d`; "+
			"if not, the version that it came from, `todo migrate force %d` after an up or %d after a down; then go on", dirty.Version, dirty.Version, dirty.Version-1, dirty.Version+1)
	default:
		return err
	}
}

// LatestVersion returns the version that the embedded migrations lead to.
func LatestVersion() (uint, error) {
	names, err := fs.Glob(todosql.Migrations, "migrations/*.up.sql")
	if err != nil {
		return 0, err
	}
	var latest uint
	for _, name := range names {
		var version uint
		if _, err := fmt.Sscanf(name, "migrations/%d_", &version); err != nil {
			return 0, fmt.Errorf("migration %s: its name does not start with a version: %w", name, err)
		}
		latest = max(latest, version)
	}
	return latest, nil
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
