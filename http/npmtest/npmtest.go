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
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// Install returns a folder with the files of a fixture and the packages that its
// package-lock.json pins. It lies in the user's cache, so that packages come over the
// network once for each state of the fixture and none ends up in the source. What
// cannot be installed skips the test, except in CI.
func Install(t testing.TB, fixture string) string {
	t.Helper()
	npm := dbtest.Need(t, "npm")
	dir, err := install(npm, fixture)
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return dir
}

func install(npm, fixture string) (string, error) {
	files, name, err := read(fixture)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "securetodo-test")
	dir := filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(made, name), content, 0o644); err != nil {
			return "", err
		}
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
	return dir, nil
}

// read returns the files of a fixture and a name for their state.
func read(fixture string) (files map[string][]byte, name string, err error) {
	entries, err := os.ReadDir(fixture)
	if err != nil {
		return nil, "", err
	}
	files, sum := map[string][]byte{}, sha256.New()
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(fixture, entry.Name()))
		if err != nil {
			return nil, "", err
		}
		files[entry.Name()] = content
		fmt.Fprintf(sum, "%s %d\n%s", entry.Name(), len(content), content)
	}
	return files, filepath.Base(fixture) + "-" + hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
