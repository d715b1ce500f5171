package sql_test

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

var update = flag.Bool("update", false, "write schema.sql and plans.md")

const schemaFile = "schema.sql"

func TestSchemaFileIsFresh(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.NeedMajor15(t, url)
	now := dump(t, url)
	if *update {
		if err := os.WriteFile(schemaFile, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != now {
		t.Error("sql/schema.sql is not what the migrations make: run `make schema`")
	}
}

// dump is the schema as pg_dump writes it, without what changes from run to run.
func dump(t *testing.T, url string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), dbtest.Need(t, "pg_dump"), "--schema-only", "--no-owner", "--dbname", url)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "-- Dumped ") && !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestDownFilesRestoreTheSchemaExactly(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.NeedMajor15(t, url)
	m := open(t, url)
	dumps := []string{dump(t, url)}
	for version := uint(1); version <= todosql.LatestVersion(); version++ {
		if err := m.Goto(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, url))
	}
	for version := todosql.LatestVersion() - 1; version > 0; version-- {
		if err := m.Down(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if dump(t, url) != dumps[version] {
			t.Errorf("after the down of %d the schema is not the one of %d", version+1, version)
		}
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dump(t, url) != dumps[todosql.LatestVersion()] {
		t.Error("up, down and up again make another schema than up")
	}
}

func TestGrantsOfTodoAppAreTheLeast(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	got := dbtest.Value[string](t, url, `
		SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
			SELECT table_name || ' ' || privilege_type || COALESCE(' (' || columns || ')', '') AS line FROM (
				SELECT table_name, privilege_type, NULL AS columns FROM information_schema.table_privileges WHERE grantee = 'todo_app'
				UNION ALL
				SELECT table_name, privilege_type, string_agg(column_name, ', ' ORDER BY column_name COLLATE "C") FROM information_schema.column_privileges c
				WHERE grantee = 'todo_app' AND NOT EXISTS (SELECT FROM information_schema.table_privileges t WHERE t.grantee = c.grantee AND t.table_name = c.table_name AND t.privilege_type = c.privilege_type)
				GROUP BY table_name, privilege_type
			) AS privileges
		) AS lines`)
	const want = `deleted_tasks DELETE
deleted_tasks INSERT (id, user_id, version)
deleted_tasks SELECT
deleted_tasks UPDATE (deleted_at, version)
schema_migrations SELECT
tasks DELETE
tasks INSERT (completed, description, due_all_day, due_date, id, priority, tags, title, user_id, version)
tasks SELECT
tasks UPDATE (completed, description, due_all_day, due_date, priority, tags, title, updated_at, version)
users DELETE
users INSERT (email, id)
users SELECT
users UPDATE (deleted_version, email, forgotten_version, updated_at, version)`
	if got != want {
		t.Errorf("todo_app may:\n%s\nwant:\n%s", got, want)
	}
}

// TestWhiteSpaceOfTheCheckIsUnicodes tries every code point: Go trims exactly what
// the CHECK refuses at an end.
func TestWhiteSpaceOfTheCheckIsUnicodes(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	definition := dbtest.Value[string](t, url, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'tasks_title_trimmed'")
	pattern := regexp.MustCompile(`'(.*)'`).FindStringSubmatch(definition)[1]
	refused := dbtest.Value[[]int32](t, url, `
		SELECT array_agg(point ORDER BY point) FROM generate_series(1, 1114111) AS point
		WHERE point NOT BETWEEN 55296 AND 57343 AND (chr(point) || 'a' ~ $1 OR 'a' || chr(point) ~ $1)`, pattern)
	var white []int32
	for point := range rune(1114112) {
		if unicode.IsSpace(point) {
			white = append(white, point)
		}
	}
	if len(refused) != len(white) {
		t.Fatalf("the CHECK refuses %U, Go trims %U", refused, white)
	}
	for i := range white {
		if refused[i] != white[i] {
			t.Errorf("the CHECK refuses %U, Go trims %U", refused[i], white[i])
		}
	}
}
