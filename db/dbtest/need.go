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

// NeedMajor15 skips a test of a page that PostgreSQL 15 makes: other versions dump, plan
// and explain otherwise, and pg_dump 15 refuses a newer server. In CI it skips only
// where another version was asked for.
func NeedMajor15(t testing.TB, databaseURL string) {
	t.Helper()
	major := Value[int](t, databaseURL, "SELECT current_setting('server_version_num')::integer / 10000")
	if major == 15 {
		return
	}
	if os.Getenv("CI") != "" && os.Getenv("TEST_DATABASE_URL") == "" && os.Getenv("TEST_POSTGRES_MAJOR") == "" {
		t.Fatalf("the pages are made on PostgreSQL 15, and this is %d", major)
	}
	t.Skip("the pages are made on PostgreSQL 15")
}

func lacks(t testing.TB, name string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
}
