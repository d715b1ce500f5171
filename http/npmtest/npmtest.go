// Package npmtest gives tests the npm packages that they drive or are driven by.
package npmtest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// Install returns a folder of the test's own with the files of a fixture and the
// packages that its package-lock.json pins. The packages lie in the user's cache, so
// that they come over the network once for each state of that file and none ends up in
// the source. What cannot be installed skips the test, except in CI.
func Install(t testing.TB, fixture string) string {
	t.Helper()
	npm := dbtest.Need(t, "npm")
	packages, err := install(npm, fixture)
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(os.CopyFS(dir, os.DirFS(fixture)), os.Symlink(packages, filepath.Join(dir, "node_modules"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// manifests say what npm ci installs; a fixture need not have the last.
var manifests = []string{"package.json", "package-lock.json", ".npmrc"}

// installing keeps parallel tests from installing the same packages twice.
var installing sync.Mutex

// install returns the folder node_modules of a fixture.
func install(npm, fixture string) (string, error) {
	installing.Lock()
	defer installing.Unlock()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "securetodo-test")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	sum := sha256.New()
	for _, name := range manifests {
		content, err := os.ReadFile(filepath.Join(fixture, name))
		if name == ".npmrc" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(made, name), content, 0o644); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	dir := filepath.Join(cache, filepath.Base(fixture)+"-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	packages := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(dir); err == nil {
		return packages, nil
	}
	command := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = made
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, said)
	}
	// Another test binary may have been faster.
	if err := os.Rename(made, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return packages, nil
}
