//go:build unix

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
	usual, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	initdb, err := filepath.EvalSymlinks(dbtest.Need(t, "initdb", usual...))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(initdb)
}

func TestInstallationPGBinWithoutAServerIsAnError(t *testing.T) {
	dir := reachable(t)
	empty := filepath.Dir(dir)
	t.Setenv("PG_BIN", empty)
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, "PG_BIN", empty, "initdb", "unset it")
}

func TestInstallationPGBinMayBeAFolderOfAnyNameAndOfLinks(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	bin := binFolder(t)
	links := filepath.Join(filepath.Dir(dir), "programs")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(bin, "initdb"), filepath.Join(links, "initdb")); err != nil {
		t.Fatal(err)
	}
	s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast}.WithPGBin(links))
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, s, `SELECT 'found'`); got != "found" {
		t.Error(got)
	}
}

func TestInstallationMayBeScriptsInAFolderNotCalledBin(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	bin := binFolder(t)
	shims := filepath.Join(filepath.Dir(dir), "shims")
	if err := os.Mkdir(shims, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\nexec " + filepath.Join(bin, name) + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(shims, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast}.WithPGBin(shims))
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, s, `SELECT 'found'`); got != "found" {
		t.Error(got)
	}
}

func TestInstallationPGBinOlderThanWhatIsNeededIsAnError(t *testing.T) {
	dir := reachable(t)
	old := filepath.Join(filepath.Dir(dir), "old")
	if err := os.Mkdir(old, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(old, name), []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PG_BIN", old)
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, "PG_BIN", "14.9", "15")
}
