package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// modes are the ways to set a scope.
var modes = map[string][]db.Option{"set_config": nil, "distributed": {db.WithDistributed}}

// tenants is a database in which alice and bob have a row in every table that users own.
type tenants struct {
	url, super string
	admin      *pgx.Conn // a superuser's, whom neither grants nor policies bind
	pool       *db.Pool
	secret     uuid.UUID // alice's task
}

func newTenants(t *testing.T, login dbtest.Login, options ...db.Option) tenants {
	t.Helper()
	url := dbtest.New(t, login)
	super := dbtest.SuperuserURL(t, url)
	tn := tenants{url: url, super: super, admin: connect(t, super), pool: dbtest.Pool(t, url, options...), secret: uuid.Must(uuid.NewV7())}
	tn.makeRows(t, alice, tn.secret)
	tn.makeRows(t, bob, uuid.Must(uuid.NewV7()))
	return tn
}

// makeRows gives a user a row in every table that users own.
func (tn tenants) makeRows(t *testing.T, user string, task uuid.UUID) {
	t.Helper()
	create(t, tn.pool, db.CreateTaskParams{UserID: user, ID: task, Title: "of " + user, Email: new(user + "@example.test"), Priority: "medium", Tags: []string{}})
	deleteNew(t, tn.pool, user, gone(task))
}

// gone is the id of a task that was deleted, made of the id of one that is there.
func gone(id uuid.UUID) uuid.UUID { return uuid.NewSHA1(id, []byte("gone")) }

// deleteNew makes a task and deletes it.
func deleteNew(t *testing.T, pool *db.Pool, user string, id uuid.UUID) {
	t.Helper()
	create(t, pool, db.CreateTaskParams{UserID: user, ID: id, Title: "of " + user, Priority: "medium", Tags: []string{}})
	if _, err := pool.As(user).DeleteTask(t.Context(), db.DeleteTaskParams{UserID: user, ID: id}); err != nil {
		t.Fatal(err)
	}
}

// forEachOwnedTable is SQL made for each table that users own, %[1]s, and its column
// with the owner's id, %[2]s.
func forEachOwnedTable(format, separator string) string {
	var parts []string
	for _, owned := range db.OwnedTables() {
		parts = append(parts, fmt.Sprintf(format, pgx.Identifier{owned.Table}.Sanitize(), pgx.Identifier{owned.OwnerColumn}.Sanitize()))
	}
	return strings.Join(parts, separator)
}

// rowsOfAlice is everything of alice's, as a superuser sees it.
func (tn tenants) rowsOfAlice(t *testing.T) string {
	t.Helper()
	var rows string
	err := tn.admin.QueryRow(t.Context(), "SELECT "+forEachOwnedTable(`
		(SELECT COALESCE(jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r)), '[]') FROM %[1]s AS r WHERE %[2]s = 'alice')::text`, " || ")).Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// mustStayAlices runs an attempt of bob's, who has but his first rows, and checks that
// it showed and changed nothing of alice's.
func (tn tenants) mustStayAlices(t *testing.T, attempt func() ([]db.Task, int64, error)) {
	t.Helper()
	if _, err := tn.admin.Exec(t.Context(), "DELETE FROM users WHERE id = 'bob'"); err != nil {
		t.Fatal(err)
	}
	tn.makeRows(t, bob, uuid.Must(uuid.NewV7()))
	before := tn.rowsOfAlice(t)
	seen, changed, err := attempt()
	if err != nil {
		seen = nil
	}
	for _, task := range seen {
		if task.UserID == alice || task.Title == "of alice" {
			t.Errorf("bob sees %+v", task)
		}
	}
	if changed != 0 {
		t.Errorf("bob changed %d rows", changed)
	}
	if after := tn.rowsOfAlice(t); after != before {
		t.Errorf("alice's rows were\n%s\nand are now\n%s", before, after)
	}
}

// forTenants runs a test as each login and in each mode.
func forTenants(t *testing.T, test func(t *testing.T, tn tenants)) {
	for _, login := range dbtest.Logins {
		for mode, options := range modes {
			t.Run(fmt.Sprint(login, "/", mode), func(t *testing.T) {
				t.Parallel()
				test(t, newTenants(t, login, options...))
			})
		}
	}
}

// forEachQuery runs a test for each query. They share the tenants.
func forEachQuery(t *testing.T, test func(t *testing.T, tn tenants, name string)) {
	forTenants(t, func(t *testing.T, tn tenants) {
		for name := range attempts {
			t.Run(name, func(t *testing.T) { test(t, tn, name) })
		}
	})
}

// TestIsolationCoversEveryOwnedTable fails where a table is added to the owned tables
// and nothing of alice's and bob's to it: the other tests would prove nothing about it.
func TestIsolationCoversEveryOwnedTable(t *testing.T) {
	t.Parallel()
	tn := newTenants(t, dbtest.NeonOwner)
	for _, owned := range db.OwnedTables() {
		for _, user := range []string{alice, bob} {
			sql := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = '%s'", owned.Table, owned.OwnerColumn, user)
			if n := dbtest.Value[int](t, tn.super, sql); n == 0 {
				t.Errorf("%s has no row in %s: let makeRows make one", user, owned.Table)
			}
		}
	}
}
