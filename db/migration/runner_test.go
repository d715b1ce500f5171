package migration_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

func TestRunnerGoesUpAndDownStepByStep(t *testing.T) {
	t.Parallel()
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			t.Parallel()
			m := open(t, dbtest.NewEmpty(t, login))
			mustBeAt(t, m, 0)
			for range 2 {
				if err := m.Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				mustBeAt(t, m, todosql.LatestVersion())
			}
			for version := todosql.LatestVersion(); version > 0; version-- {
				if err := m.Down(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				mustBeAt(t, m, version-1)
			}
			if err := m.Goto(t.Context(), 2); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 2)
			if err := m.Goto(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 0)
		})
	}
}

func TestRunnerRefusesImpossibleStepsBeforeItTakesAny(t *testing.T) {
	t.Parallel()
	m := open(t, dbtest.New(t, dbtest.NeonOwner))
	for name, err := range map[string]error{
		"down 0":        m.Down(t.Context(), 0),
		"down too many": m.Down(t.Context(), todosql.LatestVersion()+1),
		"goto unknown":  m.Goto(t.Context(), todosql.LatestVersion()+1),
		"force unknown": m.Force(t.Context(), todosql.LatestVersion()+1),
	} {
		if err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
	mustBeAt(t, m, todosql.LatestVersion())
}

func TestForceRecordsAVersionWithoutRunningIt(t *testing.T) {
	t.Parallel()
	m := open(t, dbtest.NewEmpty(t, dbtest.NeonOwner))
	if err := m.Force(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 1)
	if err := m.Force(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 0)
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestUpRunsInDatabasesOfOneClusterAtOnce has them all want the role, which is the
// cluster's.
func TestUpRunsInDatabasesOfOneClusterAtOnce(t *testing.T) {
	t.Parallel()
	var urls []string
	for range 3 {
		urls = append(urls, dbtest.NewEmpty(t, dbtest.NeonOwner), dbtest.NewEmpty(t, dbtest.Superuser))
	}
	var wg sync.WaitGroup
	for _, url := range urls {
		wg.Go(func() {
			m, err := migration.Open(t.Context(), url, migration.Config{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := m.Up(t.Context()); err != nil {
				t.Error(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, url := range urls {
		mustBeAt(t, open(t, url), todosql.LatestVersion())
	}
}

func TestUpNamesTheRemedyForARoleThatAnotherLoginMade(t *testing.T) {
	t.Parallel()
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
	err := open(t, dbtest.As(t, url, login, "second")).Up(t.Context())
	if mayGrant != (err == nil) || err != nil && !strings.Contains(err.Error(), "run: GRANT todo_app TO ") {
		t.Errorf("may grant: %t, %v", mayGrant, err)
	}
}

func TestLockLetsOneOfEightRunsWork(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			var wg sync.WaitGroup
			var worked atomic.Int64
			for range 8 {
				m := openNotes(t, url)
				wg.Go(func() {
					if err := m.Up(t.Context()); err != nil {
						t.Error(err)
					}
					if steps := len(m.Steps()); steps == 3 {
						worked.Add(1)
					} else if steps != 0 {
						t.Errorf("a run of %d files", steps)
					}
				})
			}
			wg.Wait()
			if worked.Load() != 1 {
				t.Errorf("%d runs of 8 worked", worked.Load())
			}
			m := openNotes(t, url)
			mustBeAt(t, m, 3)
			mustBeWhole(t, m, url)
		})
	}
}

// TestInterruptStopsAfterTheFileThatIsBeingRun interrupts in a file that another session
// holds up.
func TestInterruptStopsAfterTheFileThatIsBeingRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from uint
		held string
		at   uint
		says string
	}{
		"with more to run": {1, "LOCK TABLE notes IN ROW EXCLUSIVE MODE", 2, "interrupted with more to run"},
		"in the last":      {2, "LOCK TABLE notes", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			if err := openNotes(t, url).Goto(t.Context(), c.from); err != nil {
				t.Fatal(err)
			}
			ctx, interrupt := context.WithCancel(t.Context())
			m, err := migration.Open(ctx, url, migration.Config{Files: notes})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			release := dbtest.Hold(t, url, c.held)
			ended := make(chan error, 1)
			go func() { ended <- m.Up(ctx) }()
			dbtest.WaitForLock(t, url)
			interrupt()
			release()
			err = <-ended
			if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
			mustBeAt(t, openNotes(t, url), c.at)
			if err := m.Up(ctx); c.says != "" && !errors.Is(err, context.Canceled) {
				t.Errorf("again: %v", err)
			}
			if _, err := migration.Open(ctx, url, migration.Config{}); !errors.Is(err, context.Canceled) {
				t.Errorf("connecting: %v", err)
			}
		})
	}
}

func TestUpTellsALoginThatOwnsNothingToUseAnother(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"empty": dbtest.NewEmpty(t, dbtest.NeonOwner), "migrated": dbtest.New(t, dbtest.NeonOwner)} {
		t.Run(name, func(t *testing.T) {
			super := dbtest.SuperuserURL(t, url)
			login := dbtest.Value[string](t, super, "SELECT 'nothing_' || current_database()")
			dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'nothing'", login))
			t.Cleanup(func() { dbtest.Exec(t, super, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", login)) })
			mustFail(t, open(t, dbtest.As(t, url, login, "nothing")).Up(t.Context()), migration.Refused, "owns the tables")
			if name == "migrated" {
				dbtest.Exec(t, super, "GRANT SELECT ON schema_migrations, schema_migration_log TO "+login)
				mustFail(t, open(t, dbtest.As(t, url, login, "nothing")).Down(t.Context(), 1), migration.Refused, "owns the tables")
			}
		})
	}
}

func TestGotoDoesNotWaitForReadersOfTheVersion(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openNotes(t, url)
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	dbtest.Hold(t, url, "LOCK TABLE schema_migrations, schema_migration_log IN ACCESS SHARE MODE") // as pg_dump does
	if err := m.Goto(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 0)
}

// TestUpSendsTheStatementsOfAFileOneByOne has each statement say what PostgreSQL knows of
// it: an engine that distributes rows refuses a text of several.
func TestUpSendsTheStatementsOfAFileOneByOne(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openWith(t, url, migration.Config{Files: files(
		`CREATE TABLE seen (text text, transaction xid8);
		INSERT INTO seen SELECT current_query(), pg_current_xact_id(); -- first; of two
		INSERT INTO seen SELECT 'DO $$ ; $$;' || current_query(), pg_current_xact_id();`, "DROP TABLE seen;")})
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range dbtest.Value[[]string](t, url, "SELECT array_agg(text) FROM seen") {
		if strings.Count(text, "INSERT") != 1 || strings.Contains(text, "CREATE TABLE") {
			t.Errorf("sent together: %s", text)
		}
	}
	if n := dbtest.Value[int](t, url, "SELECT count(DISTINCT transaction) FROM seen"); n != 1 {
		t.Errorf("%d transactions", n)
	}
}

func TestUpNamesTheLineOfTheStatementThatFailed(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"SELECT 1;\n\nSELECT 'é',\n  nothing;":        "line 7 of the file",
		"SELECT 1;\n-- why;\n\nDROP TABLE notes;":     "line 7 of the file",
		"SELECT 1;\nDO $$ BEGIN SELECT 1/0; END $$;":  "line 5 of the file",
		"SELECT 1; SELECT 1; SELECT 'é', 1, nothing;": "column 36",
	} {
		m := openWith(t, dbtest.NewEmpty(t, dbtest.NeonOwner), migration.Config{Files: files(text, "SELECT 1;")})
		mustFail(t, m.Up(t.Context()), migration.Dirty, says)
	}
}
