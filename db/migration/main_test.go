package migration_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func mustBeAt(t *testing.T, m *migration.Runner, want uint) {
	t.Helper()
	if version, dirty, err := m.Version(t.Context()); version != want || dirty || err != nil {
		t.Fatalf("version %d, dirty %t, %v; want %d", version, dirty, err, want)
	}
}

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

func open(t *testing.T, url string) *migration.Runner {
	t.Helper()
	m, err := migration.Open(t.Context(), url, migration.Config{})
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

// openWith opens a runner whose connection may be lost before it is closed.
func openWith(t *testing.T, url string, c migration.Config) *migration.Runner {
	t.Helper()
	m, err := migration.Open(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func openNotes(t *testing.T, url string) *migration.Runner {
	t.Helper()
	return openWith(t, url, migration.Config{Files: notes})
}

func mustFail(t *testing.T, err error, kind migration.Kind, says string) {
	t.Helper()
	failure, ok := errors.AsType[*migration.Error](err)
	if !ok || failure.Kind != kind || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v; want %s, saying %q in one line", err, kind, says)
	}
}
