package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

// itemFiles is a folder with migrations of every kind: a table with rows, rows
// rewritten, an index made CONCURRENTLY, a constraint.
func itemFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "migrations"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, texts := range [][2]string{
		{"CREATE TABLE IF NOT EXISTS items (n integer);", "SELECT 1;"},
		{"ALTER TABLE items ADD COLUMN twice integer; UPDATE items SET twice = 2 * n;", "ALTER TABLE items DROP COLUMN twice;"},
		{"CREATE INDEX CONCURRENTLY IF NOT EXISTS items_twice ON items (twice, n);", "DROP INDEX CONCURRENTLY items_twice;"},
		{"ALTER TABLE items ADD CONSTRAINT items_twice CHECK (twice = 2 * n);", "ALTER TABLE items DROP CONSTRAINT items_twice;"},
		{"CREATE INDEX CONCURRENTLY items_n ON items (n);", "DROP INDEX CONCURRENTLY items_n;"},
		{"CREATE TABLE more AS SELECT n FROM items;", "DROP TABLE more;"},
	} {
		for j, direction := range []string{"up", "down"} {
			name := filepath.Join(dir, "migrations", "00000"+strconv.Itoa(i+1)+"_change_items."+direction+".sql")
			if err := os.WriteFile(name, []byte(texts[j]+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

var instruction = regexp.MustCompile("`todo migrate (force \\d+)`")

func TestMigrateKilledAtAnyMomentRecoversByWhatItSays(t *testing.T) {
	t.Parallel()
	const rows = 5000
	moments := dbtest.Scale(6, 25) // of each direction's run
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	env := append(environment(url), "TODO_TEST_MIGRATIONS="+itemFiles(t))
	todo(t, env, "migrate", "goto", "1")
	dbtest.Exec(t, url, "INSERT INTO items SELECT generate_series(1, "+strconv.Itoa(rows)+")")
	todo(t, env, "migrate", "up")
	whole := time.Duration(dbtest.Value[float64](t, url, "SELECT EXTRACT(epoch FROM max(finished_at) - min(started_at)) FROM schema_migration_log WHERE version > 1") * float64(time.Second))
	dirty := 0
	for i := range 2 * moments {
		args := []string{"migrate", "goto", "1"}
		if i%2 == 1 {
			args = []string{"migrate", "up"}
		}
		// A program that is killed may leave half a file of coverage.
		p := command(t, append(env, "GOCOVERDIR="+t.TempDir()), args...).start(t)
		// Most of a process's life is its start, in which nothing can be damaged.
		const begun = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
		for len(p.ended) == 0 && !dbtest.Value[bool](t, url, begun) {
			time.Sleep(time.Millisecond)
		}
		// One kill in each part of the run, so that few kills meet every migration too.
		part := whole / time.Duration(moments)
		kill := time.AfterFunc(time.Duration(i/2)*part+rand.N(part), func() { _ = p.Process.Kill() })
		_ = p.wait(t)
		kill.Stop()
		if recoverBySaying(t, env, args) {
			dirty++
		}
		if got := dbtest.Value[int](t, url, "SELECT count(*) FROM items"); got != rows {
			t.Fatalf("%d rows of %d", got, rows)
		}
	}
	t.Logf("%d of %d kills left a dirty version", dirty, 2*moments)
	if got := dbtest.Value[int](t, url, "SELECT count(*) FROM items JOIN more USING (n) WHERE twice = 2 * n"); got != rows {
		t.Errorf("%d rows of %d are whole", got, rows)
	}
	if invalid := dbtest.Value[int](t, url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); invalid != 0 {
		t.Errorf("%d indexes are INVALID", invalid)
	}
}

// recoverBySaying runs the command again and again, with what each refusal says to
// run in between, until it succeeds. It tells whether the version was dirty.
func recoverBySaying(t *testing.T, env, args []string) (dirty bool) {
	t.Helper()
	for range 3 {
		_, log, err := runToEnd(t, env, args...)
		if err == nil {
			return dirty
		}
		said := instruction.FindAllStringSubmatch(log, -1)
		if len(said) != 1 {
			t.Fatalf("%v says: %s", args, log)
		}
		dirty = true
		todo(t, env, append([]string{"migrate"}, strings.Fields(said[0][1])...)...)
	}
	t.Fatalf("%v does not recover", args)
	return dirty
}
