package sql_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// What nobody may run is refused by the command itself, which reads these files in
// every test here. These are the rules of this folder beyond that.

var (
	fileName    = regexp.MustCompile(`^(\d{6})_([a-z0-9]+(?:_[a-z0-9]+)+)\.(?:up|down)\.sql$`)
	commentText = regexp.MustCompile(`(?m)--.*$`)
)

func withoutComments(sql string) string {
	return strings.TrimSpace(commentText.ReplaceAllString(sql, ""))
}

// isConcurrent tells whether a file is the one statement that cannot be in a
// transaction.
func isConcurrent(sql string) bool {
	return strings.Contains(strings.ToUpper(withoutComments(sql)), "CONCURRENTLY")
}

// folderFaults are what is wrong with the names of the files.
func folderFaults(names []string) (faults []string) {
	versions := map[string][]string{} // the names without direction, by number
	for _, name := range names {
		match := fileName.FindStringSubmatch(name)
		if match == nil {
			faults = append(faults, name+" is not named like 000001_verb_object.up.sql")
			continue
		}
		if !slices.Contains(versions[match[1]], match[2]) {
			versions[match[1]] = append(versions[match[1]], match[2])
		}
	}
	for number, titles := range versions {
		if len(titles) > 1 {
			faults = append(faults, fmt.Sprintf("%s is the number of %d migrations", number, len(titles)))
		}
	}
	for version := range len(versions) {
		if number := fmt.Sprintf("%06d", version+1); versions[number] == nil {
			faults = append(faults, "there is no "+number)
		}
	}
	return faults
}

var lockTimeout = regexp.MustCompile(`^SET LOCAL lock_timeout = '(.*?)';`)

// fileFaults are what is wrong with the text of a file.
func fileFaults(name, sql string) (faults []string) {
	fault := func(is bool, text string) {
		if is {
			faults = append(faults, text)
		}
	}
	_, err := statedEffects(sql)
	fault(err != nil, fmt.Sprint(err))
	fault(!strings.HasPrefix(sql, "-- Why: "), "does not start with -- Why:")
	fault(strings.HasSuffix(name, ".down.sql") && !losesLine.MatchString(sql), "has no -- Loses: line")
	if text := withoutComments(sql); !isConcurrent(sql) {
		stated := lockTimeout.FindStringSubmatch(text)
		fault(stated == nil, "does not state SET LOCAL lock_timeout first")
		if stated != nil {
			// 0 is for ever, and requests queue behind a migration that waits.
			limit, err := time.ParseDuration(stated[1])
			fault(err != nil || limit <= 0 || limit > 2*time.Second, "does not set lock_timeout to 2s at most")
		}
		fault(strings.Count(text, "lock_timeout") > 1, "changes lock_timeout again")
	}
	return faults
}

func TestMigrationFilesKeepTheRules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
		for _, fault := range fileFaults(file, readFile(t, file)) {
			t.Errorf("%s %s", file, fault)
		}
	}
	for _, fault := range folderFaults(names) {
		t.Error(fault)
	}
}

func TestLatestVersionIsThatOfTheLastFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.up.sql") // numbered without a gap
	if latest := todosql.LatestVersion(); err != nil || latest == 0 || latest != uint(len(files)) {
		t.Errorf("%d, with %d migrations: %v", latest, len(files), err)
	}
}

// TestLocksLineIsWhatPlanShows reads the line as the command does and as the tests do.
func TestLocksLineIsWhatPlanShows(t *testing.T) {
	t.Parallel()
	plan, err := open(t, dbtest.NewEmpty(t, dbtest.NeonOwner)).Plan(t.Context())
	if err != nil || len(plan) == 0 {
		t.Fatal(plan, err)
	}
	for _, file := range plan {
		if held := locksText(file.SQL); file.Locks != held {
			t.Errorf("%s: plan shows %q, the tests read %q", file, file.Locks, held)
		}
	}
}

func TestMigrationFileThatBreaksARuleIsReported(t *testing.T) {
	t.Parallel()
	const head, timeout = "-- Why: a test.\n-- Loses: nothing.\n-- Locks: none.\n", "SET LOCAL lock_timeout = '2s';\n"
	for _, c := range []struct{ sql, says string }{
		{head + timeout + "SELECT 1;", ""},
		{head + timeout + "DO $$\nBEGIN\n  SELECT 1;\nEND\n$$;", ""},
		{head + "CREATE INDEX CONCURRENTLY a_b_idx\n  ON a (b);\n", ""},
		{timeout + "SELECT 1;", "-- Why:"},
		{"-- Why: a test.\n-- Loses: nothing.\n" + timeout, "-- Locks:"},
		{"-- Why: a test.\n-- Locks: none.\n" + timeout, "-- Loses:"},
		{head + "SELECT 1;", "lock_timeout first"},
		{head + "SELECT 1; -- not CONCURRENTLY", "lock_timeout first"},
		{head + "SET lock_timeout = '2s';\nSELECT 1;", "lock_timeout first"},
		{head + "SELECT 1;\n" + timeout, "lock_timeout first"},
		{head + timeout + "SET LOCAL lock_timeout = 0;", "lock_timeout again"},
		{head + "SET LOCAL lock_timeout = '0';\nSELECT 1;", "2s at most"},
		{head + "SET LOCAL lock_timeout = '1h';\nSELECT 1;", "2s at most"},
	} {
		faults := strings.Join(fileFaults("000001_test_rules.down.sql", c.sql), "; ")
		if c.says == "" && faults != "" || !strings.Contains(faults, c.says) {
			t.Errorf("%q: faults %q, want %q", c.sql, faults, c.says)
		}
	}
	for _, c := range []struct{ names, says string }{
		{"000001_a_b.up.sql 000001_a_b.down.sql 000002_c_d.up.sql 000002_c_d.down.sql", ""},
		{"000001_a_b.up.sql 000001_a_c.down.sql", "the number of 2 migrations"},
		{"000001_a_b.up.sql 000001_a_b.down.sql 000003_c_d.up.sql 000003_c_d.down.sql", "there is no 000002"},
		{"000001_a_b.up.sql 000001_a_b.down.sql 000001_c_d.up.sql 000001_c_d.down.sql", "the number of 2 migrations"},
		{"1_a_b.up.sql", "not named like"},
		{"notes.txt", "not named like"},
	} {
		faults := strings.Join(folderFaults(strings.Fields(c.names)), "; ")
		if c.says == "" && faults != "" || !strings.Contains(faults, c.says) {
			t.Errorf("%q: faults %q, want %q", c.names, faults, c.says)
		}
	}
}
