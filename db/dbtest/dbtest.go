// Package dbtest gives each test a database of its own: a clone of a migrated
// template on a real PostgreSQL, which is TEST_DATABASE_URL's (a superuser's URL)
// or, without one, a private server that lives as long as the test binary. With
// TEST_POSTGRES_MAJOR set, a server of another major version fails every test.
package dbtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/embedded"
)

// Login is the kind of login that owns a test's database and connects to it.
type Login int

const (
	// NeonOwner is shaped like the owner that Neon makes: no superuser, but with
	// CREATEROLE, CREATEDB and BYPASSRLS.
	NeonOwner Login = iota
	// Superuser bypasses everything that can be bypassed.
	Superuser
)

func (l Login) String() string { return [...]string{"NeonOwner", "Superuser"}[l] }

// Logins are all kinds.
var Logins = []Login{NeonOwner, Superuser}

// Main runs a package's tests: os.Exit is its last act, as TestMain needs it.
func Main(m *testing.M) {
	embedded.ChildMain()
	code := m.Run()
	if err := the.close(); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// server is the one PostgreSQL of a test binary.
type server struct {
	start     sync.Once
	err       error
	private   *embedded.Server
	dir       string
	super     string // a superuser's URL
	prefix    string // of the names of all that this binary makes
	owner     string
	password  string
	templates [2]template
	count     atomic.Int64
}

type template struct {
	make sync.Once
	err  error
}

var the server

// New returns the URL of a database with the schema, owned by the login that the
// URL names. It is dropped after the test.
func New(t testing.TB, login Login) string {
	t.Helper()
	template, err := the.template(login)
	if err != nil {
		t.Fatal(err)
	}
	return the.create(t, login, template)
}

// NewEmpty is New without the schema.
func NewEmpty(t testing.TB, login Login) string {
	t.Helper()
	if err := the.started(); err != nil {
		t.Fatal(err)
	}
	return the.create(t, login, "template0")
}

// NewInLocale is New for NeonOwner with a locale of its own.
func NewInLocale(t testing.TB, locale string) string {
	t.Helper()
	if err := the.started(); err != nil {
		t.Fatal(err)
	}
	url := the.create(t, NeonOwner, "template0 LOCALE '"+locale+"'")
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	return url
}

// SuperuserURL returns the URL of the same database for a superuser, whom neither
// grants nor policies bind.
func SuperuserURL(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return withDatabase(the.super, u.Path[1:])
}

// As returns the URL of the same database for another login.
func As(t testing.TB, databaseURL, login, password string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(login, password)
	return u.String()
}

// Pool opens the server's own kind of pool, and heeds DB_DISTRIBUTED as that does.
func Pool(t testing.TB, databaseURL string, options ...db.Option) *db.Pool {
	t.Helper()
	if os.Getenv("DB_DISTRIBUTED") == "true" {
		options = append(options, db.Distributed)
	}
	pool, err := db.Open(t.Context(), pooled(t, databaseURL), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Exec runs SQL on a database, statements separated by semicolons.
func Exec(t testing.TB, databaseURL, sql string) {
	t.Helper()
	if err := execute(context.WithoutCancel(t.Context()), databaseURL, sql); err != nil {
		t.Fatal(err)
	}
}

// Value runs a query that yields one value.
func Value[T any](t testing.TB, databaseURL, sql string, args ...any) T {
	t.Helper()
	// A test's cleanup, when its context has ended, may ask too.
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var value T
	if err := conn.QueryRow(ctx, sql, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func (s *server) create(t testing.TB, login Login, template string) string {
	t.Helper()
	name := fmt.Sprintf("%s_%d", s.prefix, s.count.Add(1))
	if err := execute(t.Context(), s.super, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s OWNER %s", name, template, s.role(login))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(context.WithoutCancel(t.Context()), s.super, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.url(login, name)
}

// template migrates a database once for each kind of login, by that login.
func (s *server) template(login Login) (string, error) {
	if err := s.started(); err != nil {
		return "", err
	}
	name := s.prefix + "_" + map[Login]string{NeonOwner: "neon", Superuser: "super"}[login]
	t := &s.templates[login]
	t.make.Do(func() {
		ctx := context.Background()
		if t.err = execute(ctx, s.super, fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 OWNER %s", name, s.role(login))); t.err != nil {
			return
		}
		t.err = migrate(s.url(login, name))
	})
	return name, t.err
}

func migrate(databaseURL string) error {
	m, err := db.NewMigrator(context.Background(), databaseURL)
	if err != nil {
		return err
	}
	// The release tests run others on an older schema.
	if version, err := strconv.ParseUint(os.Getenv("TEST_SCHEMA_VERSION"), 10, 32); err == nil {
		return errors.Join(m.Goto(uint(version)), m.Close())
	}
	return errors.Join(m.Up(), m.Close())
}

func (s *server) started() error {
	s.start.Do(func() { s.err = s.startOnce(context.Background()) })
	return s.err
}

func (s *server) startOnce(ctx context.Context) (err error) {
	s.super = os.Getenv("TEST_DATABASE_URL")
	if s.super == "" {
		// The server may run as another user than this one, who must reach it.
		if s.dir, err = os.MkdirTemp("", "todo-test-"); err != nil {
			return err
		}
		if err := os.Chmod(s.dir, 0o755); err != nil {
			return err
		}
		s.private, err = embedded.Start(ctx, embedded.Config{
			Dir: s.dir + "/postgres", Progress: os.Stderr,
			Parameters: map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"},
		})
		if err != nil {
			return err
		}
		s.super = s.private.URL()
	}
	if err := checkMajor(ctx, s.super, os.Getenv("TEST_POSTGRES_MAJOR")); err != nil {
		return err
	}
	random := rand.Text()
	s.prefix, s.password = "todo_test_"+strings.ToLower(random[:8]), random[8:]
	s.owner = s.prefix + "_owner"
	// Roles outlive a run on a server of one's own: there todo_app was made by
	// another login, which alone could grant it since PostgreSQL 16.
	return execute(ctx, s.super, fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s' NOSUPERUSER CREATEROLE CREATEDB BYPASSRLS;
		DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_app') THEN
				GRANT todo_app TO %[1]s;
			END IF;
		END $$`, s.owner, s.password))
}

func (s *server) close() error {
	if s.private != nil {
		return errors.Join(s.private.Stop(), os.RemoveAll(s.dir))
	}
	if s.super == "" || s.err != nil {
		return s.err
	}
	ctx := context.Background()
	for _, name := range []string{"neon", "super"} {
		if err := execute(ctx, s.super, "DROP DATABASE IF EXISTS "+s.prefix+"_"+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return execute(ctx, s.super, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", s.owner))
}

func (s *server) role(login Login) string {
	if login == NeonOwner {
		return s.owner
	}
	u, _ := url.Parse(s.super)
	return pgx.Identifier{u.User.Username()}.Sanitize()
}

func (s *server) url(login Login, database string) string {
	u := withDatabase(s.super, database)
	if login == Superuser {
		return u
	}
	parsed, _ := url.Parse(u)
	parsed.User = url.UserPassword(s.owner, s.password)
	return parsed.String()
}

func withDatabase(databaseURL, database string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		panic("TEST_DATABASE_URL is no URL")
	}
	u.Path = "/" + database
	return u.String()
}

func execute(ctx context.Context, databaseURL, sql string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
