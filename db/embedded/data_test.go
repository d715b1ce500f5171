//go:build unix

package embedded_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/securetodo/securetodo/db/embedded"
)

func TestStartRefusesAndKeepsDataOfAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"14\n", "99\n", "9.6\n", "junk"} {
		t.Run(version, func(t *testing.T) {
			dir := reachable(t)
			treasure := filepath.Join(dir, "data", "base", "1")
			if err := os.MkdirAll(filepath.Dir(treasure), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(treasure, []byte("years of work"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte(version), 0o644); err != nil {
				t.Fatal(err)
			}
			handOver(t, dir)
			_, err := tryStart(t, embedded.Config{Dir: dir})
			mustMention(t, err, filepath.Join(dir, "data"), version[:2], "left as it is", "move the folder away")
			if content, err := os.ReadFile(treasure); err != nil || string(content) != "years of work" {
				t.Errorf("the data is harmed: %q, %v", content, err)
			}
		})
	}
}

func TestStartRefusesAndKeepsFilesThatAreNoDatabase(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	file := filepath.Join(dir, "data", "holiday.txt")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("beach"), 0o644); err != nil {
		t.Fatal(err)
	}
	handOver(t, dir)
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, filepath.Dir(file), "left as it is")
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestStartRefusesAndKeepsDataWithoutItsPassword(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	_, err := tryStart(t, embedded.Config{Dir: dir})
	mustMention(t, err, filepath.Join(dir, "password"), "restore")
	if _, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION")); err != nil {
		t.Error(err)
	}
}

// handOver gives a folder to the user that root's server runs as.
func handOver(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if out, err := exec.Command("chown", "-R", "nobody", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestStartMakesAnInterruptedDatabaseAnew(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	unfinished := filepath.Join(dir, "data.unfinished")
	if err := os.Rename(filepath.Join(dir, "data"), unfinished); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	if got := query(t, s, `SELECT 'made anew'`); got != "made anew" {
		t.Error(got)
	}
	if _, err := os.Stat(unfinished); err == nil {
		t.Error("what was interrupted is still there")
	}
}

func TestStartLeavesAloneAnUnrelatedProcessThatAPIDFileNames(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	s := start(t, dir)
	stop(t, s)

	// One of the same user, whom PostgreSQL itself would take for a server.
	stranger := exec.Command("cat")
	uid := uidOf(t, filepath.Join(s.Dir(), "data"))
	if os.Geteuid() == 0 {
		stranger.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	stdin, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data", "postmaster.pid")
	content := fmt.Appendf(nil, "%d\n%s/data\n1700000000\n5432\n\n127.0.0.1\n", stranger.Process.Pid, dir)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(file, uid, -1); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, dir), `SELECT 'alive'`); got != "alive" {
		t.Error(got)
	}
	_ = stdin.Close()
	if err := stranger.Wait(); err != nil {
		t.Errorf("the unrelated process was hit: %v", err)
	}
}
