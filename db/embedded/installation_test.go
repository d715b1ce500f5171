package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/embedded"
)

// binFolder is where this machine's server really lives.
func binFolder(t *testing.T) string {
	t.Helper()
	usual, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	control, err := filepath.EvalSymlinks(dbtest.Need(t, "pg_ctl", usual...))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(control)
}

func TestPGBinWithoutAServerIsAnError(t *testing.T) {
	dir := reachable(t)
	empty := filepath.Dir(dir)
	t.Setenv("PG_BIN", empty)
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, "PG_BIN", empty, "pg_ctl", "unset it")
}

func TestPGBinMayBeAFolderOfAnyNameAndOfLinks(t *testing.T) {
	dir := reachable(t)
	bin := binFolder(t)
	links := filepath.Join(filepath.Dir(dir), "programs")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(bin, "pg_ctl"), filepath.Join(links, "pg_ctl")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PG_BIN", links)
	if got := query(t, start(t, dir), `SELECT 'found'`); got != "found" {
		t.Error(got)
	}
}

func TestProgramsInAFolderNotCalledBinWork(t *testing.T) {
	dir := reachable(t)
	bin := binFolder(t)
	shims := filepath.Join(filepath.Dir(dir), "shims")
	if err := os.Mkdir(shims, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		script := "#!/bin/sh\nexec " + filepath.Join(bin, name) + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(shims, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PG_BIN", shims)
	if got := query(t, start(t, dir), `SELECT 'found'`); got != "found" {
		t.Error(got)
	}
}

func TestPGBinOlderThanWhatIsNeededIsAnError(t *testing.T) {
	dir := reachable(t)
	old := filepath.Join(filepath.Dir(dir), "old")
	if err := os.Mkdir(old, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if err := os.WriteFile(filepath.Join(old, name), []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PG_BIN", old)
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, "PG_BIN", "14.9", "15")
}
