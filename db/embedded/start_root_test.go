//go:build unix

package embedded_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/securetodo/securetodo/db/embedded"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can try this")
	}
}

func uidOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

func TestStartAsRootWorksInAFolderOnlyRootCanReach(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := reachable(t)
	if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	progress := &lines{}
	first, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast, Progress: progress})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = first.Stop()
		if err := os.RemoveAll(first.Dir()); err != nil {
			t.Error(err)
		}
	})
	if first.Dir() == dir {
		t.Errorf("the data is in %s", dir)
	}
	if said := progress.String(); !strings.Contains(said, first.Dir()) || !strings.Contains(said, dir) {
		t.Errorf("nothing says where the data went: %q", said)
	}
	query(t, first, `CREATE TABLE kept AS SELECT 'still here' AS word`)
	stop(t, first)

	// Opening the folder later must not begin with an empty database there.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	second := start(t, dir)
	if word := query(t, second, `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the restart: %q", word)
	}
	stop(t, second)
}

func TestStartAsRootDoesNotReplaceDataThatIsOutOfReach(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := prepared(t)
	if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, dir, "chmod o+x")
}

func TestStartAsRootRunsTheServerAsNobody(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := running(t)
	if uidOf(t, filepath.Join(s.Dir(), "data")) == 0 {
		t.Error("the data belongs to root")
	}
}

func TestStartAsRootLeavesTheDataToTheUserWhoMadeIt(t *testing.T) {
	t.Parallel()
	needRoot(t)
	const daemon = 1
	dir := reachable(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, daemon, daemon); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	if uid := uidOf(t, filepath.Join(s.Dir(), "data")); uid != daemon {
		t.Errorf("the data belongs to user %d", uid)
	}
}

func TestStartAsRootSaysHowToUseARestoredBackup(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := prepared(t)
	s := start(t, dir)
	query(t, s, `CREATE TABLE kept AS SELECT 'still here' AS word`)
	stop(t, s)
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, 0, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tryStart(t, embedded.Config{Dir: dir, Parameters: fast})
	mustMention(t, err, "chown -R nobody "+dir)
	handOver(t, dir)
	if word := query(t, start(t, dir), `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the restore: %q", word)
	}
}
