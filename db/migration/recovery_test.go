package migration_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

func TestUpRunsAFailedMigrationOnceItsCauseIsGone(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "CREATE TABLE tasks ()")
	m := open(t, url)
	mustFail(t, m.Up(t.Context()), migration.Dirty, "`todo migrate force 1`")
	dbtest.Exec(t, url, "DROP TABLE tasks")
	if err := m.Force(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, todosql.LatestVersion())
}

func TestDownThatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "DROP POLICY tasks_select ON tasks")
	m := open(t, url)
	err := m.Goto(t.Context(), 3)
	if err == nil || !strings.Contains(err.Error(), "`todo migrate force 4`") {
		t.Fatalf("%v", err)
	}
	if err := m.Force(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, "CREATE POLICY tasks_select ON tasks FOR SELECT TO todo_app USING (user_id = NULLIF(current_setting('app.user_id', true), ''))")
	if err := m.Goto(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRecoveryNamesTheVersionToForceAfterAKill(t *testing.T) {
	t.Parallel()
	const (
		reading = "LOCK TABLE notes IN ACCESS SHARE MODE"
		writing = "LOCK TABLE notes IN ROW EXCLUSIVE MODE"
	)
	for name, c := range map[string]struct {
		from      uint
		held      string
		committed bool
		command   func(context.Context, *migration.Runner) error
		force     uint
	}{
		"up, inside the file":            {2, reading, false, up, 2},
		"up, after its commit":           {2, reading, true, up, 3},
		"down, inside the file":          {3, reading, false, down, 3},
		"down, after its commit":         {3, reading, true, down, 2},
		"down to none":                   {1, reading, false, down, 1},
		"down to none, after its commit": {1, reading, true, down, 0},
		"concurrently, inside":           {1, writing, false, up, 1},
		"concurrently, after":            {1, writing, true, up, 2},
		"concurrently down, inside":      {2, writing, false, down, 1},
		"concurrently down, after":       {2, writing, true, down, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			m := openNotes(t, url)
			if err := m.Goto(t.Context(), c.from); err != nil {
				t.Fatal(err)
			}
			killed(t, url, c.held, c.committed, c.command)
			err := m.Up(t.Context())
			mustFail(t, err, migration.Dirty, "Run `todo migrate force "+strconv.Itoa(int(c.force))+"`")
			if _, statusErr := m.Status(t.Context()); statusErr == nil || statusErr.Error() != err.Error() {
				t.Errorf("status says %v, up %v", statusErr, err)
			}
			if err := m.Force(t.Context(), c.force); err != nil {
				t.Fatal(err)
			}
			if err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 3)
			mustBeWhole(t, m, url)
			if err := m.Goto(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestUpRollsAFailedFileBackAndNamesItsRemedy(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openWith(t, url, migration.Config{Files: files("CREATE TABLE a ();", "DROP TABLE a; SELECT 1/0;", "CREATE TABLE b (); SELECT 1/0;", "DROP TABLE b;")})
	mustFail(t, m.Up(t.Context()), migration.Dirty, "division by zero")
	mustFail(t, m.Up(t.Context()), migration.Dirty, "force 1`, then `todo migrate up`")
	if dbtest.Value[bool](t, url, "SELECT to_regclass('b') IS NOT NULL") {
		t.Error("the failed file left a table")
	}
	if err := m.Force(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mustFail(t, m.Down(t.Context(), 1), migration.Dirty, "todo migrate force 1`")
}

func TestRecoveryDoesNotGuessAtADirtyVersionOfAnotherProgram(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]string{1: "[force 1 force 0 force 2]", 3: "[force 3 force 2]"} {
		url := dbtest.NewEmpty(t, dbtest.NeonOwner)
		m := openNotes(t, url)
		if err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		dbtest.Exec(t, url, fmt.Sprintf("UPDATE schema_migrations SET dirty = true, version = %d", version))
		err := m.Up(t.Context())
		mustFail(t, err, migration.Dirty, "another program")
		if forces := regexp.MustCompile(`force \d+`).FindAllString(err.Error(), -1); fmt.Sprint(forces) != want {
			t.Errorf("%v", err)
		}
	}
}
