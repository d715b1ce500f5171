package dbtest_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestPostgreSQLIsTheVersionAskedFor(t *testing.T) {
	major := dbtest.Value[int](t, dbtest.NewEmpty(t, dbtest.Superuser), "SELECT current_setting('server_version_num')::integer / 10000")
	if asked := os.Getenv("TEST_POSTGRES_MAJOR"); asked != "" && asked != strconv.Itoa(major) {
		t.Errorf("PostgreSQL %d, not %s", major, asked)
	}
}

// TestAnotherPostgreSQLThanTheOneAskedForFailsEveryTest runs the test above once
// more, in a run that asks for a version which never was.
func TestAnotherPostgreSQLThanTheOneAskedForFailsEveryTest(t *testing.T) {
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestPostgreSQLIsTheVersionAskedFor$")
	again.Env = append(os.Environ(), "TEST_POSTGRES_MAJOR=7")
	if said, err := again.CombinedOutput(); err == nil || !strings.Contains(string(said), "TEST_POSTGRES_MAJOR is 7, and the server is PostgreSQL ") {
		t.Errorf("%v: %s", err, said)
	}
}
