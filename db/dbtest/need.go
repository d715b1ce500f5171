package dbtest

import (
	"os"
	"os/exec"
	"testing"
)

// Need finds a program that a machine may lack: there the test is skipped, but
// never in CI.
func Need(t testing.TB, name string, elsewhere ...string) string {
	t.Helper()
	for _, candidate := range append([]string{name}, elsewhere...) {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	lacks(t, name)
	return ""
}

func lacks(t testing.TB, name string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
}
