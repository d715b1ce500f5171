package db_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	_ "github.com/golang-migrate/migrate/v4/source/file"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

func migrator(t *testing.T, url string) *db.Migrator {
	t.Helper()
	m, err := db.NewMigrator(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func mustBeAt(t *testing.T, m *db.Migrator, want uint) {
	t.Helper()
	if version, dirty, err := m.Version(); version != want || dirty || err != nil {
		t.Fatalf("version %d, dirty %t, %v; want %d", version, dirty, err, want)
	}
}

func latest(t *testing.T) uint {
	t.Helper()
	return todosql.LatestVersion()
}

func TestMigrationsGoUpAndDownStepByStep(t *testing.T) {
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			m := migrator(t, dbtest.NewEmpty(t, login))
			mustBeAt(t, m, 0)
			for range 2 {
				if err := m.Up(); err != nil {
					t.Fatal(err)
				}
				mustBeAt(t, m, latest(t))
			}
			for version := latest(t); version > 0; version-- {
				if err := m.Down(1); err != nil {
					t.Fatal(err)
				}
				mustBeAt(t, m, version-1)
			}
			if err := m.Goto(2); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 2)
			if err := m.Goto(0); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 0)
		})
	}
}

func TestStepsThatCannotBeAreRefusedBeforeAnyIsTaken(t *testing.T) {
	m := migrator(t, dbtest.New(t, dbtest.NeonOwner))
	for name, err := range map[string]error{
		"down 0":        m.Down(0),
		"down too many": m.Down(latest(t) + 1),
		"goto unknown":  m.Goto(latest(t) + 1),
		"force unknown": m.Force(latest(t) + 1),
	} {
		if err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
	mustBeAt(t, m, latest(t))
}

func TestForceRecordsAVersionWithoutRunningIt(t *testing.T) {
	m := migrator(t, dbtest.NewEmpty(t, dbtest.NeonOwner))
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 1)
	if err := m.Force(0); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 0)
	if err := m.Up(); err != nil {
		t.Fatal(err)
	}
}

func TestFailedMigrationRunsOnceItsCauseIsGone(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "CREATE TABLE tasks ()")
	m := migrator(t, url)
	mustBe(t, m.Up(), db.Dirty, "`todo migrate force 1`")
	dbtest.Exec(t, url, "DROP TABLE tasks")
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, latest(t))
}

func TestFailedDownSaysWhatToDo(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "DROP POLICY tasks_select ON tasks")
	m := migrator(t, url)
	err := m.Goto(3)
	if err == nil || !strings.Contains(err.Error(), "`todo migrate force 4`") {
		t.Fatalf("%v", err)
	}
	if err := m.Force(4); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, "CREATE POLICY tasks_select ON tasks FOR SELECT TO todo_app USING (user_id = NULLIF(current_setting('app.user_id', true), ''))")
	if err := m.Goto(3); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(); err != nil {
		t.Fatal(err)
	}
}

// TestDatabasesOfOneClusterMigrateAtOnce has them all want the role, which is the
// cluster's.
func TestDatabasesOfOneClusterMigrateAtOnce(t *testing.T) {
	var urls []string
	for range 3 {
		urls = append(urls, dbtest.NewEmpty(t, dbtest.NeonOwner), dbtest.NewEmpty(t, dbtest.Superuser))
	}
	var wg sync.WaitGroup
	for _, url := range urls {
		wg.Go(func() {
			m, err := db.NewMigrator(context.WithoutCancel(t.Context()), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := m.Up(); err != nil {
				t.Error(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, url := range urls {
		mustBeAt(t, migrator(t, url), latest(t))
	}
}

func TestStockMigrateRunsTheSameFilesAndTable(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	stock, err := migrate.New("file://../sql/migrations", "pgx5"+strings.TrimPrefix(url, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	if err := stock.Up(); err != nil {
		t.Fatal(err)
	}
	ours := migrator(t, url)
	mustBeAt(t, ours, latest(t))
	if err := ours.Down(1); err != nil {
		t.Fatal(err)
	}
	if err := stock.Up(); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, ours, latest(t))
}

func TestRoleMadeByAnotherLoginIsNamedWithItsRemedy(t *testing.T) {
	super := dbtest.SuperuserURL(t, dbtest.New(t, dbtest.NeonOwner))
	// Before PostgreSQL 16 CREATEROLE may grant any role.
	mayGrant := dbtest.Value[bool](t, super, "SELECT current_setting('server_version_num')::integer < 160000")
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	login := dbtest.Value[string](t, super, "SELECT 'second_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %s LOGIN CREATEROLE PASSWORD 'second'", login))
	t.Cleanup(func() {
		dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", login))
	})
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf("GRANT ALL ON SCHEMA public TO %s", login))
	err := migrator(t, dbtest.As(t, url, login, "second")).Up()
	if mayGrant != (err == nil) || err != nil && !strings.Contains(err.Error(), "run: GRANT todo_app TO ") {
		t.Errorf("may grant: %t, %v", mayGrant, err)
	}
}

// dump is the schema as pg_dump writes it, without what changes from run to run.
func dump(t *testing.T, url string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), dbtest.Need(t, "pg_dump"), "--schema-only", "--no-owner", "--dbname", url)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "-- Dumped ") && !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
