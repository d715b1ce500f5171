package dbtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// history is a repository whose commits each add a migration.
func history(t *testing.T) (root string, commits []string, git func(args ...string) string) {
	t.Helper()
	program, root := dbtest.Need(t, "git"), t.TempDir()
	git = func(args ...string) string {
		t.Helper()
		args = append([]string{"-C", root, "-c", "user.name=test", "-c", "user.email=test@example.test", "-c", "commit.gpgsign=false"}, args...)
		out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	if err := os.MkdirAll(filepath.Join(root, "sql", "migrations"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"000001_create_a", "000002_create_b", "000003_create_c"} {
		if err := os.WriteFile(filepath.Join(root, "sql", "migrations", name+".up.sql"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		git("add", ".")
		git("commit", "--quiet", "--message", name)
		commits = append(commits, git("rev-parse", "--short", "HEAD"))
	}
	return root, commits, git
}

// TestReleaseBeforeIsFoundWithoutTheCommitThatIsNamed has what CI names after a
// forced push: a commit that is nowhere in the checkout.
func TestReleaseBeforeIsFoundWithoutTheCommitThatIsNamed(t *testing.T) {
	root, commits, _ := history(t)
	for named, want := range map[string]uint{
		"": 2,
		"0123456789abcdef0123456789abcdef01234567": 2,
		"0000000000000000000000000000000000000000": 2,
		commits[0]: 1,
	} {
		t.Run("named "+named, func(t *testing.T) {
			t.Setenv("PREVIOUS_RELEASE", named)
			if release := dbtest.PreviousRelease(t, root); release.Version != want || release.Commit != commits[want-1] {
				t.Errorf("%+v, want version %d of %q", release, want, commits)
			}
		})
	}
}

func TestReleaseBeforeIsTheLastTag(t *testing.T) {
	t.Setenv("PREVIOUS_RELEASE", "")
	root, commits, git := history(t)
	for _, step := range []struct {
		tag, commit string
		want        uint
		why         string
	}{
		{"v0.3.0", commits[2], 2, "a tag on this commit is not before it: the commit before the newest migration is"},
		{"deploy-1", commits[1], 2, "a tag that is no version is no release"},
		{"v0.1.0", commits[0], 1, "the only release before"},
		{"v0.10.0-rc.1", commits[1], 2, "the newest of them, not the one whose name sorts last"},
		{"v0.9.0", commits[0], 2, "the newest still"},
	} {
		git("tag", step.tag, step.commit)
		if release := dbtest.PreviousRelease(t, root); release.Version != step.want || release.Commit != commits[step.want-1] {
			t.Errorf("with %s: %+v, want version %d of %q: %s", step.tag, release, step.want, commits, step.why)
		}
	}
}
