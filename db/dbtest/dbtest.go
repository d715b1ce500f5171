// Package dbtest gives each test a database of its own: a clone of a migrated
// template on a real PostgreSQL, which is TEST_DATABASE_URL's (a superuser's URL)
// or, without one, a private server that lives as long as the test binary. With
// TEST_POSTGRES_MAJOR set, a server of another major version fails every test.
package dbtest

import (
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/securetodo/securetodo/db"
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

// Main runs a package's tests and then what removes after them: os.Exit is its last act,
// as TestMain needs it.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, remove := range after {
		remove()
	}
	if err := the.close(); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

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
		options = append(options, db.WithDistributed)
	}
	pool, err := db.Open(t.Context(), pooled(t, databaseURL), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
