package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// node is a node of a plan, as EXPLAIN (FORMAT JSON) writes it.
type node struct {
	Type      string `json:"Node Type"`
	Index     string `json:"Index Name"`
	Relation  string `json:"Relation Name"`
	Direction string `json:"Scan Direction"`
	Cond      string `json:"Index Cond"`
	Plans     []node
}

// walk calls visit with a node and all below it.
func (n node) walk(visit func(node)) {
	visit(n)
	for _, child := range n.Plans {
		child.walk(visit)
	}
}

// explain plans a query as the server runs it, prepared and as todo_app: with the
// generic plan, which knows no parameter, or the custom one, which knows them all.
func explain(t *testing.T, conn *pgx.Conn, mode, name, user string) node {
	t.Helper()
	ctx := t.Context()
	statement := db.Statements(ctx)[name]
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	description, err := tx.Prepare(ctx, "", statement)
	if err != nil {
		t.Fatal(err)
	}
	prepared := fmt.Sprintf("SET LOCAL plan_cache_mode = force_%s_plan; PREPARE planned AS %s", mode, statement)
	values := []string{"'" + user + "'"}
	for range description.ParamOIDs[1:] {
		values = append(values, "NULL")
	}
	if strings.HasSuffix(name, "Task") {
		values[1] = "'6ba7b810-9dad-41d1-80b4-00c04fd430c8'"
	}
	if strings.HasPrefix(name, "ListTasks") {
		// A page far from the first one.
		values[3], values[len(values)-2], values[len(values)-1] = "'{}'", "'6ba7b810-9dad-41d1-80b4-00c04fd430c8'", "1001"
		if strings.Contains(name, "CreatedAt") {
			values[len(values)-3] = "now() - interval '30 days'"
		}
	}
	if _, err := tx.Exec(ctx, prepared+"; SELECT set_config('role', 'todo_app', true), set_config('app.user_id', '"+user+"', true)"); err != nil {
		t.Fatal(err)
	}
	var plan []byte
	if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) EXECUTE planned ("+strings.Join(values, ", ")+")", pgx.QueryExecModeSimpleProtocol).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "DEALLOCATE planned"); err != nil {
		t.Fatal(err)
	}
	var explained []struct{ Plan node }
	if err := json.Unmarshal(plan, &explained); err != nil {
		t.Fatal(err)
	}
	return explained[0].Plan
}

// TestEveryQueryIsServedByAnIndex plans each query among 10,000 users with 5 tasks
// each and one with 50,000: no table is scanned for it, whoever asks.
func TestEveryQueryIsServedByAnIndex(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	dbtest.Exec(t, super, `
		INSERT INTO users (id) SELECT 'user' || n FROM generate_series(1, 10000) AS n;
		INSERT INTO users (id) VALUES ('big');
		INSERT INTO tasks (user_id, id, title, created_at) SELECT 'user' || n, gen_random_uuid(), 'task ' || k, now() - k * interval '1 hour'
		FROM generate_series(1, 10000) AS n, generate_series(1, 5) AS k;
		INSERT INTO tasks (user_id, id, title, created_at) SELECT 'big', gen_random_uuid(), 'task ' || k, now() - k * interval '1 minute' FROM generate_series(1, 50000) AS k`)
	dbtest.Exec(t, super, "VACUUM ANALYZE")
	conn, err := pgx.Connect(t.Context(), super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for name := range db.Statements(t.Context()) {
		for _, user := range []string{"user77", "big"} {
			for _, mode := range []string{"generic", "custom"} {
				t.Run(strings.Join([]string{name, user, mode}, " "), func(t *testing.T) {
					mustUseItsIndex(t, name, explain(t, conn, mode, name, user), user == "big" && mode == "custom")
				})
			}
		}
	}
}

// mustUseItsIndex lets a query scan the table only where it is planned for a user
// who owns half of it and for whom no index has the order.
func mustUseItsIndex(t *testing.T, name string, plan node, mayScan bool) {
	t.Helper()
	var indexes []string
	scanned, sorted, keyset := false, false, false
	plan.walk(func(n node) {
		if n.Index != "" {
			indexes = append(indexes, strings.TrimSpace(n.Index+" "+strings.ToLower(n.Direction)))
		}
		keyset = keyset || strings.Contains(n.Cond, "ROW(created_at, id)")
		scanned = scanned || n.Type == "Seq Scan"
		sorted = sorted || n.Type == "Sort" || n.Type == "Incremental Sort"
	})
	want := map[string]string{
		"ListTasksByCreatedAtDesc": "tasks_user_id_created_at_id_idx forward",
		"ListTasksByCreatedAtAsc":  "tasks_user_id_created_at_id_idx backward",
		"GetTask":                  "tasks_pkey forward",
		"UpdateTask":               "tasks_pkey forward",
		"CompleteTask":             "tasks_pkey forward",
		"DeleteTask":               "tasks_pkey forward",
	}[name]
	if want != "" && (!slices.Contains(indexes, want) || sorted || scanned) {
		t.Errorf("uses %q, sorted %t, scanned %t; want %s alone", indexes, sorted, scanned, want)
	}
	if strings.Contains(name, "ByCreatedAt") && !keyset {
		t.Error("reads every page before the one that is asked for")
	}
	if scanned && !mayScan {
		t.Errorf("scans a table; its indexes are %q", indexes)
	}
}
