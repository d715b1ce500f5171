package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestMigratePlanPrintsTheSQLThatUpWouldRun(t *testing.T) {
	env := environment(dbtest.NewEmpty(t, dbtest.NeonOwner))
	plan := todo(t, env, "migrate", "plan")
	last := -1
	for _, part := range []string{"-- 000001_create_users.up.sql", "-- Locks: ", "CREATE TABLE users", "-- 000002_create_tasks.up.sql", "-- Locks: tasks (new table)", "CREATE TABLE tasks"} {
		at := strings.Index(plan[last+1:], part)
		if at < 0 {
			t.Fatalf("%q does not follow in\n%s", part, plan)
		}
		last += at + 1
	}
	todo(t, env, "migrate", "up")
	if plan := todo(t, env, "migrate", "plan"); plan != "-- nothing to do" {
		t.Errorf("%s", plan)
	}
}

// restrictLine is what differs between two dumps by pg_dump.
var restrictLine = regexp.MustCompile(`(?m)^\\(?:un)?restrict .*\n`)

// TestMigratePlanInPsqlLeavesWhatUpDoes pastes the plan of an empty database, and of one
// that is half-way.
func TestMigratePlanInPsqlLeavesWhatUpDoes(t *testing.T) {
	whole := dbtest.New(t, dbtest.NeonOwner)
	dbtest.NeedMajor15(t, whole)
	dump := func(url string) string {
		out, err := exec.CommandContext(t.Context(), dbtest.Need(t, "pg_dump"), "--schema-only", "--no-owner", "--dbname", url).Output()
		if err != nil {
			t.Fatal(err)
		}
		return restrictLine.ReplaceAllString(string(out), "")
	}
	for _, from := range []string{"0", "9"} {
		url := dbtest.NewEmpty(t, dbtest.NeonOwner)
		env := environment(url)
		if from != "0" {
			todo(t, env, "migrate", "goto", from)
		}
		psql := exec.CommandContext(t.Context(), dbtest.Need(t, "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", url)
		psql.Stdin = strings.NewReader(todo(t, env, "migrate", "plan"))
		if said, err := psql.CombinedOutput(); err != nil || len(said) > 0 {
			t.Fatalf("from %s: %v: %s", from, err, said)
		}
		if dump(url) != dump(whole) {
			t.Errorf("from %s: the plan left another schema than up", from)
		}
		if out := todo(t, env, "migrate", "up"); !strings.HasPrefix(out, "nothing to do\n") {
			t.Errorf("from %s: %s", from, out)
		}
	}
}
