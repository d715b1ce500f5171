package sql_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// uncommented are the objects without a COMMENT. Since PostgreSQL 18 NOT NULL is a
// constraint too, which the column's comment covers. What golang-migrate makes is
// not the migrations'.
const uncommented = `
SELECT COALESCE(array_agg(name ORDER BY name), '{}')
FROM (
  SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'i' THEN 'index' WHEN 'v' THEN 'view'
           WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'relation' END || ' ' || relname
  FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind <> 'c' AND obj_description(oid, 'pg_class') IS NULL
  UNION ALL
  SELECT 'column ' || attrelid::regclass || '.' || attname
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped AND relnamespace = 'public'::regnamespace AND col_description(attrelid, attnum) IS NULL
  UNION ALL
  SELECT 'constraint ' || conname || ' of ' || CASE conrelid WHEN 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('n', 't') AND obj_description(oid, 'pg_constraint') IS NULL
  UNION ALL
  SELECT 'policy ' || polname || ' of ' || polrelid::regclass FROM pg_policy WHERE obj_description(oid, 'pg_policy') IS NULL
  UNION ALL
  SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND obj_description(oid, 'pg_trigger') IS NULL
  UNION ALL
  SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
  UNION ALL
  SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e') AND obj_description(oid, 'pg_type') IS NULL
  UNION ALL
  SELECT 'statistics ' || stxname FROM pg_statistic_ext WHERE stxnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_statistic_ext') IS NULL
) AS objects (name)
WHERE name !~ '\mschema_migrations'`

// unnamed are the constraints that have a name of PostgreSQL's choice. For primary
// and foreign keys the names wanted here are the same.
const unnamed = `
SELECT COALESCE(array_agg(conname::text ORDER BY conname), '{}')
FROM pg_constraint
LEFT JOIN pg_class ON pg_class.oid = conrelid
WHERE connamespace = 'public'::regnamespace
  AND contypid <> 0
  AND conname ~ '_check[0-9]*$'
  OR connamespace = 'public'::regnamespace
  AND contype IN ('c', 'u', 'x')
  AND conname ~ ('^' || relname || '(_.+)?_(check|key|excl)[0-9]*$')
  OR connamespace = 'public'::regnamespace
  AND contype IN ('p', 'f')
  AND conname !~ ('^' || relname || '(_.+)?_(pkey|fkey)$')`

// ofADomain are the columns that have a domain as their type: for those a change of the
// domain scans and locks tables.
const ofADomain = `
SELECT COALESCE(array_agg(attrelid::regclass || '.' || attname), '{}')
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND typtype = 'd'`

// unowned are the relations that todo_app may reach and that are not in
// db.OwnedTables, so that no check at the start looks at their policies.
var unowned = `
SELECT COALESCE(array_agg(relname::text ORDER BY relname), '{}')
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
  AND relkind IN ('r', 'p', 'v', 'm', 'f')
  AND relname NOT IN ('schema_migrations', '` + strings.Join(ownedTables(), "', '") + `')
  AND (has_any_column_privilege('todo_app', oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    OR has_table_privilege('todo_app', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER'))`

func ownedTables() (names []string) {
	for _, owned := range db.OwnedTables() {
		names = append(names, owned.Table)
	}
	return names
}

func TestOwnedTablesAreAllThatTodoAppMayReach(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	if found := dbtest.Value[[]string](t, url, unowned); len(found) > 0 {
		t.Errorf("%v: enable and force row-level security, and add the table to db.OwnedTables", found)
	}
	for _, sql := range []string{
		"CREATE TABLE samples (user_id text); GRANT DELETE ON samples TO todo_app",
		"CREATE TABLE more_samples (user_id text); GRANT INSERT (user_id) ON more_samples TO PUBLIC",
		"CREATE VIEW everything AS SELECT title FROM tasks; GRANT SELECT ON everything TO todo_app",
	} {
		before := len(dbtest.Value[[]string](t, url, unowned))
		dbtest.Exec(t, url, sql)
		if found := dbtest.Value[[]string](t, url, unowned); len(found) != before+1 {
			t.Errorf("%s: %v", sql, found)
		}
	}
}

func TestObjectsAreCommentedAndConstraintsNamed(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for _, name := range dbtest.Value[[]string](t, url, uncommented) {
		t.Errorf("%s has no COMMENT", name)
	}
	for _, name := range dbtest.Value[[]string](t, url, unnamed) {
		t.Errorf("constraint %s has no name of its own", name)
	}
}

func TestColumnsHaveNoDomainAsTheirType(t *testing.T) {
	t.Parallel()
	for _, name := range dbtest.Value[[]string](t, dbtest.New(t, dbtest.NeonOwner), ofADomain) {
		t.Errorf("%s has: name it in the table's CHECK", name)
	}
}

func TestObjectWithoutCommentOrNameIsReported(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	before := append(dbtest.Value[[]string](t, url, uncommented), dbtest.Value[[]string](t, url, unnamed)...)
	conn := connect(t, url)
	for _, c := range []struct{ sql, rule, says string }{
		{"CREATE TABLE samples ()", uncommented, "table samples"},
		{"ALTER TABLE tasks ADD COLUMN sample text", uncommented, "column tasks.sample"},
		{"CREATE INDEX tasks_title_idx ON tasks (title)", uncommented, "index tasks_title_idx"},
		{"CREATE VIEW open_tasks AS SELECT 1 AS one", uncommented, "column open_tasks.one; view open_tasks"},
		{"CREATE SEQUENCE numbers", uncommented, "sequence numbers"},
		{"CREATE TYPE sample AS ENUM ('red')", uncommented, "type sample"},
		{"CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'", uncommented, "function one"},
		{"CREATE POLICY support ON tasks FOR SELECT USING (false)", uncommented, "policy support of tasks"},
		{"CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", uncommented, "trigger touch of tasks"},
		{"CREATE STATISTICS pairs ON user_id, completed FROM tasks", uncommented, "statistics pairs"},
		{"ALTER TABLE tasks ADD CONSTRAINT tasks_even CHECK (version > 0)", uncommented, "constraint tasks_even of tasks"},
		{"ALTER TABLE tasks ADD CHECK (version > 0)", unnamed, "tasks_version_check"},
		{"ALTER TABLE tasks ADD CHECK (version > 0 AND completed IN (true, false))", unnamed, "tasks_check"},
		{"ALTER DOMAIN email ADD CHECK (VALUE <> '@')", unnamed, "email_check"},
		{"ALTER DOMAIN email ADD CONSTRAINT users_email_whole CHECK (VALUE <> '@')", uncommented, "constraint users_email_whole of email"},
		{"ALTER TABLE tasks ADD COLUMN sample email", ofADomain, "tasks.sample"},
		{"ALTER TABLE users ADD UNIQUE (email)", unnamed, "users_email_key"},
		{"ALTER TABLE tasks ADD CONSTRAINT owner FOREIGN KEY (user_id) REFERENCES users", unnamed, "owner"},
		{"ALTER TABLE tasks ADD CONSTRAINT tasks_even CHECK (version > 0)", unnamed, ""},
		{"ALTER TABLE tasks ALTER COLUMN description SET NOT NULL", unnamed, ""},
	} {
		t.Run(c.sql, func(t *testing.T) {
			ctx := t.Context()
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(ctx)
			if _, err := tx.Exec(ctx, c.sql); err != nil {
				t.Fatal(err)
			}
			var found []string
			if err := tx.QueryRow(ctx, c.rule).Scan(&found); err != nil {
				t.Fatal(err)
			}
			found = slices.DeleteFunc(found, func(name string) bool { return slices.Contains(before, name) })
			if got := strings.Join(found, "; "); got != c.says {
				t.Errorf("reports %q, want %q", got, c.says)
			}
		})
	}
}

// resultTypes describes each column that each statement returns, by the statement's
// name; a statement that the schema does not know is left out.
func resultTypes(t *testing.T, conn *pgx.Conn, statements map[string]string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, statement := range statements {
		description, err := conn.Prepare(t.Context(), "", statement)
		if err != nil {
			continue
		}
		found[name] = []string{}
		for _, field := range description.Fields {
			found[name] = append(found[name], fmt.Sprintf("%s of type %d(%d)", field.Name, field.DataTypeOID, field.TypeModifier))
		}
	}
	return found
}

// resultFaults are what would break a server that runs through a migration: a prepared
// statement whose result type changes is refused for good.
func resultFaults(before, after map[string][]string) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		is, there := after[name]
		if !there {
			faults = append(faults, name+" does not prepare any more")
			continue
		}
		for i, was := range before[name] {
			if i >= len(is) || is[i] != was {
				faults = append(faults, fmt.Sprintf("%s returned %s, and now %v", name, was, is[min(i, len(is)):min(i+1, len(is))]))
			}
		}
	}
	return faults
}

// TestQueryResultsKeepTheirTypesThroughEveryMigration covers this program's
// queries; `make test-release` covers those of the release before.
func TestQueryResultsKeepTheirTypesThroughEveryMigration(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m, conn := open(t, url), connect(t, url)
	before := map[string][]string{}
	for version := uint(1); version <= todosql.LatestVersion(); version++ {
		if err := m.Goto(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		after := resultTypes(t, conn, db.Statements())
		for _, fault := range resultFaults(before, after) {
			t.Errorf("version %d: query %s", version, fault)
		}
		before = after
	}
	if len(before) != len(db.Statements()) {
		t.Errorf("%d of %d queries prepare", len(before), len(db.Statements()))
	}
}

func TestQueryResultThatAMigrationChangesIsReported(t *testing.T) {
	t.Parallel()
	for sql, says := range map[string]string{
		"ALTER TABLE tasks ADD COLUMN sample text":                      "",
		"ALTER TABLE users ALTER COLUMN updated_at TYPE timestamptz(3)": "", // no query returns it
		"ALTER TABLE tasks ALTER COLUMN title TYPE varchar(255)":        "GetTask returned title of type 25(-1), and now [title of type 1043(259)]",
		"ALTER TABLE tasks ALTER COLUMN version TYPE integer":           "ListTasksByTitleAsc returned version",
		"ALTER TABLE tasks ALTER COLUMN created_at TYPE timestamptz(3)": "ExportTasks returned created_at",
		"ALTER TABLE users ALTER COLUMN email TYPE varchar(320)":        "GetUser returned email",
		"ALTER TABLE tasks DROP COLUMN due_date":                        "GetTask does not prepare",
		"ALTER TABLE tasks RENAME COLUMN title TO name":                 "CreateTask does not prepare",
		"DROP INDEX tasks_user_id_created_at_id_idx":                    "",
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			conn := connect(t, url)
			before := resultTypes(t, conn, db.Statements())
			dbtest.Exec(t, url, sql)
			faults := strings.Join(resultFaults(before, resultTypes(t, conn, db.Statements())), "; ")
			if says == "" && faults != "" || !strings.Contains(faults, says) {
				t.Errorf("faults %q, want %q", faults, says)
			}
		})
	}
}
