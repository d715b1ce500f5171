package sql_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// fixture returns the rows that testdata/fixtures adds after a version, "" for none.
func fixture(t *testing.T, version uint) string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("testdata/fixtures/%06d_*.sql", version))
	if err != nil || len(files) > 1 {
		t.Fatal(files, err)
	}
	if len(files) == 0 {
		return ""
	}
	return readFile(t, files[0])
}

// databaseWithFixtures returns a database at a version, migrated step by step, with
// the fixtures of each step.
func databaseWithFixtures(t *testing.T, version uint) string {
	t.Helper()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := open(t, url)
	for step := uint(1); step <= version; step++ {
		if err := m.Goto(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		dbtest.Exec(t, url, fixture(t, step))
	}
	return url
}

// contents are the rows of every table, each row by column as JSON.
type contents struct {
	columns map[string][]string
	rows    map[string][]map[string]json.RawMessage
}

const tableColumns = `
SELECT COALESCE(array_agg(pg_class.relname || '.' || attname ORDER BY attname), '{}')
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relkind IN ('r', 'p')
  AND relnamespace = 'public'::regnamespace
  AND relname !~ '^schema_migration'
  AND attnum > 0
  AND NOT attisdropped`

func contentsOf(t *testing.T, url string) contents {
	t.Helper()
	found := contents{columns: map[string][]string{}, rows: map[string][]map[string]json.RawMessage{}}
	for _, name := range dbtest.Value[[]string](t, url, tableColumns) {
		table, column, _ := strings.Cut(name, ".")
		found.columns[table] = append(found.columns[table], column)
	}
	for table := range found.columns {
		text := dbtest.Value[string](t, url, "SELECT COALESCE(jsonb_agg(t), '[]')::text FROM "+pgx.Identifier{table}.Sanitize()+" AS t")
		var rows []map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			t.Fatal(err)
		}
		found.rows[table] = rows
	}
	return found
}

// of returns a table's rows with only these columns, in an order of their own.
func (c contents) of(table string, columns []string) string {
	lines := make([]string, len(c.rows[table]))
	for i, row := range c.rows[table] {
		for _, column := range columns {
			lines[i] += fmt.Sprintf("%s %s, ", column, row[column])
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// lossFaults are what a step lost beyond what its file states.
func lossFaults(before, now contents, sql string) (faults []string) {
	var lost []string
	for _, table := range slices.Sorted(maps.Keys(before.columns)) {
		if now.columns[table] == nil {
			lost = append(lost, table)
			continue
		}
		var kept []string
		for _, column := range before.columns[table] {
			if slices.Contains(now.columns[table], column) {
				kept = append(kept, column)
			} else {
				lost = append(lost, table+"."+column)
			}
		}
		if was, is := before.of(table, kept), now.of(table, kept); was != is {
			faults = append(faults, fmt.Sprintf("changes rows of %s, which were\n%s\nand are now\n%s", table, was, is))
		}
	}
	if stated := statedLosses(sql); !slices.Equal(lost, stated) {
		faults = append(faults, fmt.Sprintf("loses %q, its -- Loses: line says %q", lost, stated))
	}
	return faults
}

var losesLine = regexp.MustCompile(`(?m)^-- Loses: ([\w., \n-]*?)\.$`)

// statedLosses reads the line of a file, which is `-- Loses: nothing.` or
// `-- Loses: notes, tasks.color.`, in the order of the alphabet. A file without one
// loses nothing.
func statedLosses(sql string) []string {
	line := losesLine.FindStringSubmatch(sql)
	if line == nil || line[1] == "nothing" {
		return nil
	}
	return strings.Split(strings.Join(strings.Fields(strings.ReplaceAll(line[1], "\n--", "\n")), " "), ", ")
}

// tableShapes is everything in the tables' definitions that a row has to fit.
const tableShapes = `
SELECT COALESCE(string_agg(line, E'\n' ORDER BY line), '')
FROM (
  SELECT format('%s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)) AS line
  FROM pg_attribute
  JOIN pg_class ON pg_class.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname !~ '^schema_migration' AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '^schema_migration'
) AS lines`

// poorColumns are the columns that the fixtures cover too little: each needs two
// values at least, and NULL too where it is nullable.
func poorColumns(c contents, nullable map[string]bool) (poor []string) {
	for table, columns := range c.columns {
		for _, column := range columns {
			values, null := map[string]bool{}, false
			for _, row := range c.rows[table] {
				values[string(row[column])] = true
				null = null || string(row[column]) == "null"
			}
			if len(values) < 2 || nullable[table+"."+column] && !null {
				poor = append(poor, table+"."+column)
			}
		}
	}
	slices.Sort(poor)
	return poor
}

func nullableColumns(t *testing.T, url string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, name := range dbtest.Value[[]string](t, url, tableColumns+" AND NOT attnotnull") {
		found[name] = true
	}
	return found
}

// TestRowsSurviveEveryLaterMigration adds rows after each version that changes what
// a row is. They keep their values through all later versions; then each down loses
// what it states and no more, and so does another after up.
func TestRowsSurviveEveryLaterMigration(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := open(t, url)
	step := func(version, target uint, direction string) {
		t.Helper()
		before, file := contentsOf(t, url), migrationFile(t, version, direction)
		if err := m.Goto(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		for _, fault := range lossFaults(before, contentsOf(t, url), readFile(t, file)) {
			t.Errorf("%s %s", file, fault)
		}
	}
	shape := ""
	for version := uint(1); version <= todosql.LatestVersion(); version++ {
		step(version, version, "up")
		dbtest.Exec(t, url, fixture(t, version))
		before := shape
		shape = dbtest.Value[string](t, url, tableShapes)
		if shape == before {
			continue
		}
		if fixture(t, version) == "" {
			t.Errorf("version %d changes what a row is: add rows in sql/testdata/fixtures/%06d_….sql", version, version)
		}
		for _, column := range poorColumns(contentsOf(t, url), nullableColumns(t, url)) {
			t.Errorf("after version %d the fixtures lack two values of %s, or NULL where it is nullable", version, column)
		}
	}
	for version := todosql.LatestVersion(); version > 0; version-- {
		step(version, version-1, "down")
		step(version, version, "up")
		step(version, version-1, "down")
	}
}

// TestRowsThatAMigrationLosesAreReported shows what the check tells apart.
func TestRowsThatAMigrationLosesAreReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, loses, sql, says string }{
		{"a column more", "nothing", "ALTER TABLE tasks ADD COLUMN sample text", ""},
		{"a column less, as said", "tasks.tags, tasks.version", "ALTER TABLE tasks DROP COLUMN tags, DROP COLUMN version", ""},
		{"a table less, as said", "tasks", "DROP TABLE tasks", ""},
		{"a column less", "nothing", "ALTER TABLE tasks DROP COLUMN tags", `loses ["tasks.tags"]`},
		{"a column renamed", "nothing", "ALTER TABLE tasks RENAME COLUMN tags TO sample", `loses ["tasks.tags"]`},
		{"a loss that is none", "tasks.tags", "SELECT 1", `line says ["tasks.tags"]`},
		{"a row less", "nothing", "DELETE FROM tasks WHERE title = 'most'", "changes rows of tasks"},
		{"a value cut", "nothing", "ALTER TABLE tasks ALTER COLUMN created_at TYPE timestamptz(0)", "changes rows of tasks"},
		{"a value overwritten", "nothing", "UPDATE users SET email = lower(email)", "changes rows of users"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := databaseWithFixtures(t, todosql.LatestVersion())
			before := contentsOf(t, url)
			dbtest.Exec(t, url, c.sql)
			faults := strings.Join(lossFaults(before, contentsOf(t, url), "-- Loses: "+c.loses+".\n"), "; ")
			if c.says == "" && faults != "" || !strings.Contains(faults, c.says) {
				t.Errorf("faults %q, want %q", faults, c.says)
			}
		})
	}
}
