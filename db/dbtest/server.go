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

	"github.com/securetodo/securetodo/db/embedded"
	"github.com/securetodo/securetodo/db/migration"
)

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

func (s *server) create(t testing.TB, login Login, template string) string {
	t.Helper()
	name := fmt.Sprintf("%s_%d", s.prefix, s.count.Add(1))
	// A copy of the files takes a tenth of the time that writing them to the log does.
	if err := execute(t.Context(), s.super, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy OWNER %s", name, template, s.role(login))); err != nil {
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
	ctx := context.Background()
	m, err := migration.Open(ctx, databaseURL, migration.Config{})
	if err != nil {
		return err
	}
	// The release tests run others on an older schema.
	if version, err := strconv.ParseUint(os.Getenv("TEST_SCHEMA_VERSION"), 10, 32); err == nil {
		return errors.Join(m.Goto(ctx, uint(version)), m.Close())
	}
	return errors.Join(m.Up(ctx), m.Close())
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
	// Without todo_app there, two databases that migrate at once could both make it, and
	// since PostgreSQL 16 the owner could not grant itself what another login made. On a
	// server of one's own it may be from an earlier run, or from another run just now.
	return execute(ctx, s.super, fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s' NOSUPERUSER CREATEROLE CREATEDB BYPASSRLS;
		DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_app') THEN
				GRANT todo_app TO %[1]s;
			ELSE
				SET LOCAL ROLE %[1]s;
				CREATE ROLE todo_app NOLOGIN;
				RESET ROLE;
			END IF;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			GRANT todo_app TO %[1]s;
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
