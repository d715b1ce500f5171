//go:build ownership

package sql_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// What the two readers of a query refuse: the lint of sqlc.yaml, which sees text,
// and ownershipFaults, which sees the parse tree.

func TestOwnershipVetRefusesAQueryWithoutItsOwner(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"SELECT":                        "SELECT title FROM tasks WHERE title = @title",
		"UPDATE":                        "UPDATE tasks SET title = @title WHERE completed",
		"DELETE":                        "DELETE FROM tasks WHERE created_at < @before",
		"INSERT":                        "INSERT INTO tasks (user_id, id, title) VALUES ('alice', @id, @title)",
		"SELECT of users":               "SELECT email FROM users WHERE email = @email",
		"DELETE by the task's id":       "DELETE FROM tasks WHERE id = @id",
		"UPDATE that gives tasks away":  "UPDATE tasks SET user_id = @user_id WHERE completed",
		"INSERT with another column":    "INSERT INTO tasks (id, user_id, title) VALUES (@id, 'alice', @title)",
		"SELECT with an inequality":     "SELECT title FROM tasks WHERE user_id <> @user_id",
		"SELECT of the owner or others": "SELECT title FROM tasks WHERE completed OR user_id = @user_id",
		"neither table":                 "SELECT now()",
	} {
		t.Run(name, func(t *testing.T) {
			out, err := vet(t, "-- name: Good :many\nSELECT title FROM tasks WHERE user_id = @user_id;\n\n"+
				"-- name: Bad :exec\n"+query+";\n")
			if err == nil {
				t.Fatal("vet accepts it")
			}
			if !strings.Contains(out, "Bad: binds-user-id:") || strings.Contains(out, "Good:") {
				t.Fatalf("vet says %s", out)
			}
		})
	}
}

func TestOwnershipVetIsNeverSwitchedOff(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no queries", err)
	}
	for _, path := range files {
		queries, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(queries), "sqlc-vet-disable") {
			t.Error(path, "switches the rule off for a query")
		}
	}
}

// vet runs the project's rules over other queries.
func vet(t *testing.T, queries string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile("../sqlc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "sql/migrations"), os.DirFS("migrations")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sql/queries"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"sqlc.yaml": string(config), "sql/queries/tasks.sql": queries} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "tool", "sqlc", "vet", "-f", filepath.Join(dir, "sqlc.yaml")).CombinedOutput()
	return string(out), err
}

func TestOwnershipCheckerRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ statement, fault string }{
		{"SELECT id FROM tasks", "tasks.user_id is not bound"},
		{"TABLE tasks", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $1 OR true", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE NOT user_id = $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE (user_id = $1) IS NOT NULL", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $2", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id >= $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id OPERATOR(public.=) $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id LIKE $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id IN ($1, $2)", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $1::char", "tasks.user_id is not bound"},
		{`SELECT id FROM tasks WHERE user_id = $1 COLLATE "nocase"`, "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE lower(user_id) = $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE $1 = $1 AND id = $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks HAVING user_id = $1", "tasks.user_id is not bound"},
		{`SELECT id FROM tasks WHERE "tasks.user_id" = $1`, "tasks.user_id is not bound"},
		{"SELECT id FROM public.tasks", "tasks.user_id is not bound"},
		{"SELECT id FROM archive.tasks WHERE user_id = $1", "unknown relation tasks"},
		{"SELECT id FROM every_task WHERE user_id = $1", "unknown relation every_task"},
		{"SELECT a FROM tasks AS t (id, user_id) WHERE t.user_id = $1", "alias t renames"},
		{"SELECT id FROM tasks TABLESAMPLE system (1) WHERE user_id = $1", "unknown place"},
		{"SELECT id INTO tasks FROM tasks WHERE user_id = $1", "unknown place"},
		{"SELECT a.id FROM tasks a, tasks b WHERE a.user_id = $1", "b.user_id is not bound"},
		{"SELECT id FROM tasks, tasks WHERE tasks.user_id = $1", "tasks.user_id is not bound"},
		{"SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE id = $1", "u.id is not bound"},
		{"SELECT t.id FROM users u LEFT JOIN tasks t ON t.user_id = $1 WHERE u.id = $1", "t.user_id is not bound"},
		{"SELECT 1 FROM (tasks t CROSS JOIN users u) AS j WHERE t.user_id = $1 AND u.id = $1", "join alias j"},
		{"SELECT id FROM (SELECT id, user_id FROM tasks) t WHERE t.user_id = $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $1 UNION SELECT id FROM tasks", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $1 AND EXISTS (SELECT FROM tasks t WHERE tasks.user_id = $1)", "t.user_id is not bound"},
		{"SELECT (SELECT count(*) FROM tasks), email FROM users WHERE id = $1", "tasks.user_id is not bound"},
		{"SELECT id FROM tasks WHERE user_id = $1 ORDER BY (SELECT email FROM users LIMIT 1)", "users.id is not bound"},
		{"WITH tasks AS (SELECT id FROM tasks) SELECT id FROM tasks", "tasks.user_id is not bound"},
		{"WITH tasks AS (SELECT 1) DELETE FROM tasks", "tasks.user_id is not bound"},
		{"SELECT (WITH tasks AS (SELECT 1) SELECT 1), id FROM tasks", "tasks.user_id is not bound"},
		{"WITH gone AS (DELETE FROM tasks WHERE id = $2 RETURNING id) SELECT id FROM gone", "tasks.user_id is not bound"},
		{"WITH o AS (UPDATE users SET email = $2 WHERE id = $1) DELETE FROM tasks WHERE id = $3", "tasks.user_id is not bound"},
		{"WITH owner AS (UPDATE users SET email = NULL WHERE users.id = $1) DELETE FROM tasks WHERE completed", "tasks.user_id is not bound"},
		{"UPDATE tasks SET title = $2 FROM users WHERE users.id = $1 AND id = $3", "tasks.user_id is not bound"},
		{"UPDATE tasks SET title = $2 WHERE CURRENT OF c", "tasks.user_id is not bound"},
		{"UPDATE tasks SET user_id = $2 WHERE user_id = $1", "user_id is assigned"},
		{"UPDATE tasks SET (title, user_id) = ($2, $3) WHERE user_id = $1", "user_id is assigned"},
		{"UPDATE tasks SET title = (SELECT email FROM users LIMIT 1) WHERE user_id = $1", "users.id is not bound"},
		{"DELETE FROM tasks USING users WHERE users.id = $1 AND tasks.user_id = users.id", "tasks.user_id is not bound"},
		{"DELETE FROM tasks WHERE user_id = $1 RETURNING (SELECT max(email) FROM users)", "users.id is not bound"},
		{"INSERT INTO tasks VALUES ($1, $2, $3)", "not inserted as $1"},
		{"INSERT INTO tasks DEFAULT VALUES", "not inserted as $1"},
		{"INSERT INTO tasks (id, title) VALUES ($1, $2)", "not inserted as $1"},
		{"INSERT INTO tasks (user_id, id) VALUES ($1, $2), ($3, $4)", "not inserted as $1"},
		{"INSERT INTO tasks (id, user_id) VALUES ($1, $2)", "not inserted as $1"},
		{"INSERT INTO tasks (user_id, id) VALUES (lower($1), $2)", "not inserted as $1"},
		{"INSERT INTO tasks (user_id, id) SELECT $1, $2 UNION SELECT $3, $4", "not inserted as $1"},
		{"INSERT INTO tasks (id, user_id) SELECT v.*, $1 FROM (VALUES ($2, $3)) v", "not inserted as $1"},
		{"INSERT INTO tasks (user_id, id, title) SELECT $1, id, title FROM tasks", "tasks.user_id is not bound"},
		{"INSERT INTO tasks (user_id, id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET title = 'x'", "conflict target lacks"},
		{"INSERT INTO users (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $2", "id is assigned"},
		{"INSERT INTO users (id) VALUES ($1) ON CONFLICT ON CONSTRAINT c DO UPDATE SET email = $2", "conflict target lacks"},
		{"MERGE INTO tasks USING users ON user_id = $1 WHEN MATCHED THEN DELETE", "unknown statement MergeStmt"},
		{"SELECT 1; TRUNCATE tasks", "unknown statement TruncateStmt"},
		{"COPY tasks TO STDOUT", "unknown statement CopyStmt"},
		{"ALTER TABLE tasks DISABLE ROW LEVEL SECURITY", "unknown statement AlterTableStmt"},
		{"CREATE VIEW v AS SELECT id FROM tasks WHERE user_id = $1", "unknown statement ViewStmt"},
		{"EXPLAIN DELETE FROM tasks WHERE user_id = $1", "unknown statement ExplainStmt"},
		{"SET ROLE postgres", "unknown statement VariableSetStmt"},
	} {
		t.Run(c.statement, func(t *testing.T) {
			if faults := strings.Join(check(t, c.statement), "; "); !strings.Contains(faults, c.fault) {
				t.Errorf("faults %q, want %q", faults, c.fault)
			}
		})
	}
}

func TestOwnershipCheckerAccepts(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{
		"SELECT id FROM tasks WHERE user_id = $1",
		"SELECT id FROM public.tasks WHERE $1 = tasks.user_id AND (completed OR title = $2) FOR UPDATE OF tasks",
		"SELECT t.id FROM tasks t LEFT JOIN users u ON u.id = t.user_id WHERE (t.user_id = $1 AND t.id = $2) AND u.id = $1",
		"SELECT id FROM tasks WHERE user_id = $1 UNION ALL SELECT id FROM tasks WHERE user_id = $1 AND completed",
		"WITH tasks AS (SELECT id FROM tasks WHERE user_id = $1) SELECT id FROM tasks, unnest($2::uuid[])",
		"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
		"UPDATE tasks t SET title = g.title FROM (SELECT $2 AS title) g WHERE t.user_id = $1 AND t.id = $3",
		"DELETE FROM tasks WHERE user_id = $1 AND id IN (SELECT t.id FROM tasks t WHERE t.user_id = $1)",
		"INSERT INTO tasks (id, user_id) VALUES ($2, $1), ($3, $1) ON CONFLICT (user_id, id) DO UPDATE SET title = tasks.title",
		"INSERT INTO tasks (user_id, title) SELECT $1, * FROM unnest($2::text[]) ON CONFLICT DO NOTHING",
	} {
		t.Run(statement, func(t *testing.T) {
			for _, fault := range check(t, statement) {
				t.Error(fault)
			}
		})
	}
}

func check(t *testing.T, statement string) []string {
	t.Helper()
	tree, err := pgquery.Parse(statement)
	if err != nil {
		t.Fatal(err)
	}
	return ownershipFaults(tree)
}
