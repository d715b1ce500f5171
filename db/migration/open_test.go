package migration_test

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestOpenWaitsForADatabaseThatWakesUp(t *testing.T) {
	t.Parallel()
	target, err := url.Parse(dbtest.NewEmpty(t, dbtest.NeonOwner))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sleeping := *target
	sleeping.Host = listener.Addr().String()
	sleeping.RawQuery = "sslmode=disable"
	var refusals atomic.Int64
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target.Host)
			if err != nil || refusals.Add(1) <= 3 {
				_ = client.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
		}
	}()
	_, err = migration.Open(t.Context(), sleeping.String(), migration.Config{})
	mustFail(t, err, migration.Unreachable, "connecting to")
	refusals.Store(0)
	m := openWith(t, sleeping.String(), migration.Config{Wait: time.Minute})
	mustBeAt(t, m, 0)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	_ = listener.Close()
	_, err = migration.Open(t.Context(), sleeping.String(), migration.Config{})
	mustFail(t, err, migration.Unreachable, "connecting to")
	if password, _ := target.User.Password(); strings.Contains(err.Error(), password) {
		t.Error("the message holds the password")
	}
}

func TestOpenDoesNotRetryARefusedConnection(t *testing.T) {
	t.Parallel()
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nowhere"
	for name, c := range map[string]struct{ url, says string }{
		"no such database":  {u.String(), "nowhere"},
		"through PgBouncer": {dbtest.NewPgBouncer(t, direct, 1, false).URL, "DATABASE_URL_UNPOOLED"},
		"a pooler's name":   {"postgres://u:hunter2@ep-x-pooler.neon.tech/d", "DATABASE_URL_UNPOOLED"},
		"no URL":            {"mysql://u:hunter2@h/d", "postgres://"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migration.Open(t.Context(), c.url, migration.Config{Wait: time.Hour})
			mustFail(t, err, migration.Refused, c.says)
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the message holds the password")
			}
		})
	}
}

func TestOpenRefusesADatabaseThatTheServerCouldNotWorkOn(t *testing.T) {
	t.Parallel()
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.Exec(t, direct, "CREATE SCHEMA app")
	for _, path := range []string{"app", "nowhere"} {
		_, err := migration.Open(t.Context(), direct+"&search_path="+path, migration.Config{})
		mustFail(t, err, migration.Refused, "search_path")
	}
	latin := "latin_" + dbtest.Value[string](t, direct, "SELECT current_database()")
	dbtest.Exec(t, direct, "CREATE DATABASE "+latin+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	t.Cleanup(func() { dbtest.Exec(t, direct, "DROP DATABASE "+latin) })
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + latin
	_, err = migration.Open(t.Context(), u.String(), migration.Config{})
	mustFail(t, err, migration.Refused, "LATIN1")
}

// TestOpenSaysHowToGetBackIntoTheSchema does what the refusal says.
func TestOpenSaysHowToGetBackIntoTheSchema(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ damage, says string }{
		"of the database":              {"ALTER DATABASE DB SET search_path = ''", "RESET search_path"},
		"of the login in the database": {"ALTER ROLE LOGIN IN DATABASE DB SET search_path = ''", "RESET search_path"},
		"a schema of the login's name": {"CREATE SCHEMA LOGIN AUTHORIZATION LOGIN", "SET search_path = public"},
		"no USAGE":                     {"ALTER SCHEMA public OWNER TO pg_monitor; REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT USAGE, CREATE ON SCHEMA public"},
		"no schema":                    {"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
			super := dbtest.SuperuserURL(t, direct)
			damage := strings.NewReplacer(
				"DB", dbtest.Value[string](t, direct, "SELECT current_database()"), "LOGIN", dbtest.Value[string](t, direct, "SELECT session_user"),
			).Replace(c.damage)
			dbtest.Exec(t, super, damage)
			_, err := migration.Open(t.Context(), direct, migration.Config{})
			mustFail(t, err, migration.Refused, c.says)
			_, remedy, _ := strings.Cut(err.Error(), "run ")
			if name == "no schema" {
				remedy += " AUTHORIZATION " + dbtest.Value[string](t, direct, "SELECT session_user")
			}
			dbtest.Exec(t, super, remedy)
			mustBeAt(t, open(t, direct), 0)
		})
	}
}

// TestOpenRefusesAServerWithoutICU takes away what initdb adds where it has ICU.
func TestOpenRefusesAServerWithoutICU(t *testing.T) {
	t.Parallel()
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	mustBeAt(t, open(t, direct), 0)
	dbtest.Exec(t, dbtest.SuperuserURL(t, direct), "DELETE FROM pg_collation WHERE collname = 'und-x-icu'")
	_, err := migration.Open(t.Context(), direct, migration.Config{})
	mustFail(t, err, migration.Refused, "has no ICU")
	if tables := dbtest.Value[int](t, direct, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"); tables != 0 {
		t.Errorf("%d tables and indexes were made all the same", tables)
	}
}

func TestOpenAcceptsTheURLOfTheServersPool(t *testing.T) {
	t.Parallel()
	mustBeAt(t, open(t, dbtest.NewEmpty(t, dbtest.NeonOwner)+"&pool_max_conns=4"), 0)
}
