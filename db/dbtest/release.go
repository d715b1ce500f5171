package dbtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Release is the source of a release.
type Release struct {
	// Commit names it.
	Commit string
	// Dir holds it; it is the test's own.
	Dir string
	// Version is the newest of its migrations.
	Version uint
}

// PreviousRelease unpacks the release before the tree at root: the newest known one
// that lacks a migration of the tree. PREVIOUS_RELEASE may name it; where it does not,
// or the history lacks that commit, it is the last tag v* before this commit, and
// where no tag lacks a migration, the commit before the newest one landed.
func PreviousRelease(t testing.TB, root string) Release {
	t.Helper()
	files, err := filepath.Glob(root + "/sql/migrations/*.up.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations in %s: %v", root, err)
	}
	// A tag on HEAD is the release that is being made, and not the one before.
	tags, err := git(root, "tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-version:refname")
	if err != nil {
		t.Fatal(err)
	}
	candidates := append(strings.Fields(tags), "HEAD")
	if named := os.Getenv("PREVIOUS_RELEASE"); named != "" {
		if _, err := git(root, "rev-parse", "--verify", named+"^{commit}"); err != nil {
			// After a forced push CI names a commit that no branch holds any more.
			t.Logf("PREVIOUS_RELEASE is passed over: %v", err)
		} else {
			candidates = append([]string{named}, candidates...)
		}
	}
	landings, err := git(root, "log", "--first-parent", "--diff-filter=A", "--format=%H^", "--", "sql/migrations/*.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, commit := range append(candidates, strings.Fields(landings)...) {
		names, err := git(root, "ls-tree", "--name-only", commit, "sql/migrations/")
		if version := strings.Count(names, ".up.sql"); err == nil && version > 0 && version < len(files) {
			return unpack(t, root, commit, uint(version))
		}
	}
	t.Fatalf("no commit in the history of %s has fewer than its %d migrations: fetch all of it (git fetch --unshallow), or name the release before in PREVIOUS_RELEASE", root, len(files))
	return Release{}
}

func unpack(t testing.TB, root, commit string, version uint) Release {
	t.Helper()
	// By its id: a relative name would be another's a commit later.
	id, err := git(root, "rev-parse", "--short", commit)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "source.tar")
	if _, err := git(root, "archive", "--format=tar", "--output="+archive, id); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-x", "-f", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("unpacking %s: %v: %s", id, err, out)
	}
	t.Logf("the release before is %s, with schema version %d", id, version)
	return Release{Commit: id, Dir: dir, Version: version}
}

func git(root string, args ...string) (string, error) {
	// A checkout of somebody else's is only read here.
	command := exec.Command("git", append([]string{"-c", "safe.directory=*", "-C", root}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(bytes.TrimSpace(out)), nil
}
