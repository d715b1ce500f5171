//go:build release

package sql_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// A roll-out has two releases at work on one schema. Here the one before works on the
// new schema, with its own tests, and this one on each older schema that it accepts.

// releaseTests are the files whose tests are about users, queries and replies, and
// not about the schema itself (such as schema_test.go) or what no migration touches
// (browsers, issuers). A release has those of its time.
var releaseTests = map[string][]string{
	"db": {"isolation_test.go", "scope_test.go", "tasks_test.go"},
	"http": {
		"account_test.go", "breach_test.go", "bulk_test.go", "conditions_test.go", "contract_test.go", "duedate_test.go", "exporting_test.go",
		"fairness_test.go", "list_test.go", "reply_test.go", "roundtrips_test.go", "tasks_test.go", "timing_test.go", "walls_test.go",
	},
}

// minReleaseTests is fewer than any release has of each package: with less, files
// were renamed and releaseTests was not.
const minReleaseTests = 15

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)

// runReleaseTests runs them in a source tree and returns what they said.
func runReleaseTests(t *testing.T, root, pkg string, environment ...string) (out string, err error) {
	t.Helper()
	var names []string
	for _, file := range releaseTests[pkg] {
		content, err := os.ReadFile(filepath.Join(root, pkg, file))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, match := range testName.FindAllStringSubmatch(string(content), -1) {
			names = append(names, match[1])
		}
	}
	if len(names) < minReleaseTests {
		t.Fatalf("%s has %d tests in the files that releaseTests names: name those that it has", filepath.Join(root, pkg), len(names))
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-failfast", "-run", "^("+strings.Join(names, "|")+")$", "./"+pkg)
	command.Dir = root
	command.Env = append(os.Environ(), environment...)
	said, err := command.CombinedOutput()
	t.Logf("%d tests of %s", len(names), pkg)
	return string(said), err
}

// withThisSchema gives the release before the migrations of this one.
func withThisSchema(t *testing.T, previous dbtest.Release) {
	t.Helper()
	dir := filepath.Join(previous.Dir, "sql", "migrations")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("migrations")); err != nil {
		t.Fatal(err)
	}
}

func TestReleaseBeforePassesItsTestsOnThisSchema(t *testing.T) {
	previous := dbtest.PreviousRelease(t, "..")
	withThisSchema(t, previous)
	for _, pkg := range slices.Sorted(maps.Keys(releaseTests)) {
		t.Run(pkg, func(t *testing.T) {
			if out, err := runReleaseTests(t, previous.Dir, pkg); err != nil {
				t.Errorf("release %s fails on the new schema: %v\n%s", previous.Commit, err, out)
			}
		})
	}
}

// TestReleaseBeforeFailsOnAMigrationThatBreaksIt shows that the test above bites.
func TestReleaseBeforeFailsOnAMigrationThatBreaksIt(t *testing.T) {
	previous := dbtest.PreviousRelease(t, "..")
	withThisSchema(t, previous)
	for name, sql := range map[string]string{
		"drops a column":                          "ALTER TABLE tasks DROP COLUMN description",
		"adds NOT NULL without a default":         "ALTER TABLE tasks ADD COLUMN sample text NOT NULL",
		"renames a column":                        "ALTER TABLE users RENAME COLUMN email TO mail",
		"takes a privilege away":                  "REVOKE INSERT (title) ON tasks FROM todo_app",
		"constrains what was free until then":     "ALTER TABLE tasks ADD CONSTRAINT tasks_title_long CHECK (char_length(title) > 100)",
		"swaps the key that a query conflicts on": "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey, ADD CONSTRAINT tasks_pkey PRIMARY KEY (id)",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(previous.Dir, "sql", "migrations", fmt.Sprintf("%06d_break_it.", todosql.LatestVersion()+1))
			for _, direction := range []string{"up", "down"} {
				if err := os.WriteFile(file+direction+".sql", []byte(sql+";\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if out, err := runReleaseTests(t, previous.Dir, "db"); err == nil || !strings.Contains(out, "--- FAIL") {
				t.Errorf("release %s passes: %v\n%s", previous.Commit, err, out)
			}
		})
	}
}

var generatedQuery = regexp.MustCompile("(?s)= `(-- name: (\\w+) :\\w+\n.*?)`\n")

// TestReleaseBeforeGetsTheSameTypesFromItsQueries: a server that runs through the
// migration holds statements that it prepared before.
func TestReleaseBeforeGetsTheSameTypesFromItsQueries(t *testing.T) {
	previous := dbtest.PreviousRelease(t, "..")
	files, err := filepath.Glob(previous.Dir + "/db/*.sql.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	statements := map[string]string{}
	for _, file := range files {
		for _, match := range generatedQuery.FindAllStringSubmatch(readFile(t, file), -1) {
			statements[match[2]] = match[1]
		}
	}
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m, conn := open(t, url), connect(t, url)
	if err := m.Goto(t.Context(), previous.Version); err != nil {
		t.Fatal(err)
	}
	before := resultTypes(t, conn, statements)
	if len(before) == 0 || len(before) != len(statements) {
		t.Fatalf("%d of %d queries of release %s prepare on its own schema", len(before), len(statements), previous.Commit)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, fault := range resultFaults(before, resultTypes(t, conn, statements)) {
		t.Errorf("query %s", fault)
	}
	t.Logf("%d queries", len(before))
}

// TestThisReleasePassesItsTestsOnEachSchemaThatItAccepts covers what a server does
// that is rolled out before the migrations. Over HTTP it is the first and the last of
// them: whatever is between does to a value what one of the two does.
func TestThisReleasePassesItsTestsOnEachSchemaThatItAccepts(t *testing.T) {
	for version := uint(db.OldestSchema); version < todosql.LatestVersion(); version++ {
		for _, pkg := range slices.Sorted(maps.Keys(releaseTests)) {
			if pkg == "http" && version != db.OldestSchema && version != todosql.LatestVersion()-1 {
				continue
			}
			t.Run(fmt.Sprint(version, pkg), func(t *testing.T) {
				if out, err := runReleaseTests(t, "..", pkg, fmt.Sprint("TEST_SCHEMA_VERSION=", version)); err != nil {
					t.Errorf("raise db.OldestSchema: %v\n%s", err, out)
				}
			})
		}
	}
	// The tests would notice a schema that is too old: this one is refused for a
	// reason.
	if out, err := runReleaseTests(t, "..", "http", fmt.Sprint("TEST_SCHEMA_VERSION=", db.OldestSchema-1)); err == nil || !strings.Contains(out, "--- FAIL") {
		t.Errorf("this release passes on version %d, which it refuses: lower db.OldestSchema, or add a test: %v\n%s", db.OldestSchema-1, err, out)
	}
}
