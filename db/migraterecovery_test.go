package db_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// notes is a source of three migrations, the second of which is CONCURRENTLY.
var notes = files(
	"CREATE TABLE notes (n integer); INSERT INTO notes SELECT generate_series(1, 1000);", "DROP TABLE notes;",
	"CREATE INDEX CONCURRENTLY IF NOT EXISTS notes_n ON notes (n);", "DROP INDEX CONCURRENTLY notes_n;",
	"SET LOCAL lock_timeout = '1min'; ALTER TABLE notes ADD COLUMN t text;", "SET LOCAL lock_timeout = '1min'; ALTER TABLE notes DROP COLUMN t;")

// files are migrations of these texts: up, down, up, down …
func files(texts ...string) fstest.MapFS {
	source := fstest.MapFS{}
	for i, text := range texts {
		name := "migrations/00000" + strconv.Itoa(i/2+1) + "_change_notes." + []string{"up", "down"}[i%2] + ".sql"
		source[name] = &fstest.MapFile{Data: []byte("-- Why: a test.\n-- Locks: notes\n-- (whatever).\n" + text + "\n")}
	}
	return source
}

func migratorOf(t *testing.T, c db.MigratorConfig, url string) *db.Migrator {
	t.Helper()
	m, err := c.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func mustBe(t *testing.T, err error, kind db.MigrationFailure, says string) {
	t.Helper()
	failure, ok := errors.AsType[*db.MigrationError](err)
	if !ok || failure.Kind != kind || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v; want %s, saying %q in one line", err, kind, says)
	}
}

// killed runs a migration command, which SQL held by another session stops in its
// file, or, with committed, after it, and kills it there.
func killed(t *testing.T, url, held string, committed bool, command func(*db.Migrator) error) {
	t.Helper()
	m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
	release := dbtest.Hold(t, url, held)
	ended := make(chan error, 1)
	go func() { ended <- command(m) }()
	pid := dbtest.WaitForLock(t, url)
	if committed {
		inFile := release
		release = dbtest.Hold(t, url, "LOCK TABLE schema_migrations IN SHARE MODE")
		inFile()
		waitForTheMark(t, url)
	}
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid))
	mustBe(t, <-ended, db.Unreachable, "todo migrate status")
	release()
	// Its session holds the lock until it has ended.
	const locked = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
	for deadline := time.Now().Add(10 * time.Second); dbtest.Value[bool](t, url, locked); {
		if time.Now().After(deadline) {
			t.Fatal("the killed run keeps its lock")
		}
	}
}

// waitForTheMark returns when a run is about to mark its version clean.
func waitForTheMark(t *testing.T, url string) {
	t.Helper()
	const waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'schema_migrations'::regclass)"
	for deadline := time.Now().Add(10 * time.Second); !dbtest.Value[bool](t, url, waits); {
		if time.Now().After(deadline) {
			t.Fatal("no run waits")
		}
	}
}

func TestKilledRunIsToldWhichVersionToForce(t *testing.T) {
	up := (*db.Migrator).Up
	down := func(m *db.Migrator) error { return m.Down(1) }
	const (
		reading = "LOCK TABLE notes IN ACCESS SHARE MODE"
		writing = "LOCK TABLE notes IN ROW EXCLUSIVE MODE"
	)
	for name, c := range map[string]struct {
		from      uint
		held      string
		committed bool
		command   func(*db.Migrator) error
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
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
			if err := m.Goto(c.from); err != nil {
				t.Fatal(err)
			}
			killed(t, url, c.held, c.committed, c.command)
			err := m.Up()
			mustBe(t, err, db.Dirty, "Run `todo migrate force "+strconv.Itoa(int(c.force))+"`")
			if _, statusErr := m.Status(); statusErr == nil || statusErr.Error() != err.Error() {
				t.Errorf("status says %v, up %v", statusErr, err)
			}
			if err := m.Force(c.force); err != nil {
				t.Fatal(err)
			}
			if err := m.Up(); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 3)
			mustBeWhole(t, m, url)
			if err := m.Goto(0); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestReadersOfTheVersionHoldNoMigrationUp(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
	if err := m.Goto(1); err != nil {
		t.Fatal(err)
	}
	dbtest.Hold(t, url, "LOCK TABLE schema_migrations, schema_migration_log IN ACCESS SHARE MODE") // as pg_dump does
	if err := m.Goto(0); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 0)
}

func mustBeWhole(t *testing.T, m *db.Migrator, url string) {
	t.Helper()
	if rows := dbtest.Value[int](t, url, "SELECT count(t) + count(*) FROM notes"); rows != 1000 {
		t.Errorf("%d rows of 1000", rows)
	}
	if !dbtest.Value[bool](t, url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_n'::regclass") {
		t.Error("the index is INVALID")
	}
	if indexes, err := m.InvalidIndexes(); len(indexes) != 0 || err != nil {
		t.Errorf("%v, %v", indexes, err)
	}
}

func TestInvalidIndexIsNamedWithItsDrop(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
	if err := m.Goto(1); err != nil {
		t.Fatal(err)
	}
	killed(t, url, "LOCK TABLE notes IN ROW EXCLUSIVE MODE", false, (*db.Migrator).Up)
	status, err := m.Status()
	mustBe(t, err, db.Dirty, "`DROP INDEX CONCURRENTLY notes_n`")
	if len(status.InvalidIndexes) != 1 || status.InvalidIndexes[0].Drop != "DROP INDEX CONCURRENTLY notes_n" {
		t.Errorf("%+v", status.InvalidIndexes)
	}
}

func TestFailedFileIsRolledBackAndNamesItsRemedy(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := migratorOf(t, db.MigratorConfig{Files: files("CREATE TABLE a ();", "DROP TABLE a; SELECT 1/0;", "CREATE TABLE b (); SELECT 1/0;", "DROP TABLE b;")}, url)
	mustBe(t, m.Up(), db.Dirty, "division by zero")
	mustBe(t, m.Up(), db.Dirty, "force 1`, then `todo migrate up`")
	if dbtest.Value[bool](t, url, "SELECT to_regclass('b') IS NOT NULL") {
		t.Error("the failed file left a table")
	}
	if err := m.Force(1); err != nil {
		t.Fatal(err)
	}
	mustBe(t, m.Down(1), db.Dirty, "todo migrate force 1`")
}

func TestDirtyVersionOfAnotherProgramIsNotGuessedAt(t *testing.T) {
	for version, want := range map[int]string{1: "[force 1 force 0 force 2]", 3: "[force 3 force 2]"} {
		url := dbtest.NewEmpty(t, dbtest.NeonOwner)
		m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
		if err := m.Up(); err != nil {
			t.Fatal(err)
		}
		dbtest.Exec(t, url, fmt.Sprintf("UPDATE schema_migrations SET dirty = true, version = %d", version))
		err := m.Up()
		mustBe(t, err, db.Dirty, "another program")
		if forces := regexp.MustCompile(`force \d+`).FindAllString(err.Error(), -1); fmt.Sprint(forces) != want {
			t.Errorf("%v", err)
		}
	}
}

func TestFilesThatNoKillCouldBeToldFromAreRefused(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	for text, says := range map[string]string{
		"CREATE INDEX CONCURRENTLY x ON y (z); SELECT 1;":                      "alone",
		"CREATE INDEX CONCURRENTLY ON y (z);":                                  "name",
		"BEGIN; SELECT 1; COMMIT;":                                             "transaction",
		"SELECT 1; COMMIT;":                                                    "transaction",
		"SELECT 1;\nstart transaction;":                                        "transaction",
		"SET LOCAL lock_timeout = '2s'; CREATE INDEX CONCURRENTLY x ON y (z);": "alone",
		"SELECT 1; COMMIT AND CHAIN; SELECT 2;":                                "transaction",
		"BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1;":                        "transaction",
		"SELECT 1 /* ; */; END;":                                               "transaction",
		"SELECT 1; -- then\nABORT;":                                            "transaction",
		"SELECT 'it''s -- not'; ROLLBACK;":                                     "transaction",
		"-- nothing":                                                           "empty",
	} {
		_, err := db.MigratorConfig{Files: files(text, "SELECT 1;")}.Open(t.Context(), url)
		mustBe(t, err, db.Refused, says)
	}
	for _, text := range []string{
		"DO $$ BEGIN PERFORM 1; END $$;",
		"DO $do$ BEGIN PERFORM 1; COMMIT; END; $do$;",
		"COMMENT ON TABLE x IS 'Made CONCURRENTLY; COMMIT; then';",
		"CREATE FUNCTION f() RETURNS integer BEGIN ATOMIC SELECT 1; END;",
		"SELECT 1; -- BEGIN;",
	} {
		if _, err := (db.MigratorConfig{Files: files(text, "SELECT 1;")}).Open(t.Context(), url); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := db.MigratorConfig{Files: files("SELECT 1;")}.Open(t.Context(), url)
	mustBe(t, err, db.Refused, "both an up and a down file")
}
