package repair_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/repair"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// made is all that a database has of the role, the privileges and the policies.
const made = `
SELECT COALESCE(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (
  SELECT format('%s %s %s', COALESCE(relname, 'public'), attname, privilege_type) AS line
  FROM (
    SELECT NULL AS relname, NULL AS attname, nspacl AS acl FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT relname, NULL, relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT relname, attname, attacl FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
  ) AS objects
  CROSS JOIN LATERAL aclexplode(acl) AS entry
  JOIN pg_roles ON pg_roles.oid = grantee
  WHERE rolname = 'todo_app'
  UNION ALL
  SELECT format('%s %s %s', relname, relrowsecurity, relforcerowsecurity) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  UNION ALL
  SELECT format('%s %s %s %s %s %s %s', tablename, policyname, permissive, roles, cmd, qual, with_check) FROM pg_policies
  UNION ALL
  SELECT obj_description(oid, 'pg_policy') FROM pg_policy
) AS lines`

// losses is a statement for each thing that the migrations made, which takes it away.
const losses = `
SELECT format('REVOKE %s%s ON %s FROM todo_app', privilege_type, '(' || quote_ident(attname) || ')', COALESCE(relname, 'SCHEMA public')) AS loss
FROM (
  SELECT NULL AS relname, NULL AS attname, nspacl AS acl FROM pg_namespace WHERE nspname = 'public'
  UNION ALL
  SELECT relname, NULL, relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT relname, attname, attacl FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
) AS objects
CROSS JOIN LATERAL aclexplode(acl) AS entry
JOIN pg_roles ON pg_roles.oid = grantee
WHERE rolname = 'todo_app'
UNION ALL
SELECT format('DROP POLICY %I ON %I', policyname, tablename) FROM pg_policies
UNION ALL
SELECT format('ALTER POLICY %I ON %I %s (true)', policyname, tablename, CASE cmd WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END) FROM pg_policies
UNION ALL
SELECT format('ALTER POLICY %I ON %I TO PUBLIC', policyname, tablename) FROM pg_policies
UNION ALL
SELECT format('ALTER TABLE %I %s ROW LEVEL SECURITY', relname, what) FROM pg_class CROSS JOIN (VALUES ('DISABLE'), ('NO FORCE')) AS clauses (what)
WHERE relnamespace = 'public'::regnamespace AND relrowsecurity`

// begin begins what a test rolls back at its end: roles belong to the cluster.
func begin(t *testing.T, url string) pgx.Tx {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func do(t *testing.T, tx pgx.Tx, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := tx.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func value[T any](t *testing.T, tx pgx.Tx, sql string) (v T) {
	t.Helper()
	if err := tx.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func lost(t *testing.T, tx pgx.Tx) *repair.Loss {
	t.Helper()
	l, err := repair.Embedded().Lost(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLostIsNothingOfAFreshDatabase(t *testing.T) {
	t.Parallel()
	for _, login := range dbtest.Logins {
		if l := lost(t, begin(t, dbtest.New(t, login))); !l.IsEmpty() || l.Hurts || l.Partial {
			t.Errorf("%s: %+v", login, l)
		}
	}
}

func TestLostOfAnEmptyDatabaseIsForMigrationsToMake(t *testing.T) {
	t.Parallel()
	if l := lost(t, begin(t, dbtest.NewEmpty(t, dbtest.NeonOwner))); !l.Partial {
		t.Errorf("%+v", l)
	}
}

// TestLostStatementsBringBackWhatIsLost takes away each thing that the migrations made, as
// the login that migrates, and then all of it in the ways of a restore.
func TestLostStatementsBringBackWhatIsLost(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t, dbtest.NeonOwner))
	before := value[string](t, tx, made)
	rows, err := tx.Query(t.Context(), losses)
	if err != nil {
		t.Fatal(err)
	}
	each, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(each) < 60 {
		t.Errorf("only %d things to lose: %q", len(each), each)
	}
	var grants, policies []string
	for _, loss := range each {
		switch {
		case strings.HasPrefix(loss, "REVOKE"):
			grants = append(grants, loss)
		case strings.HasPrefix(loss, "DROP"):
			policies = append(policies, loss)
		}
	}
	cases := [][]string{
		{"ALTER ROLE todo_app RENAME TO todo_application"},
		grants,                          // pg_restore --no-acl
		slices.Concat(grants, policies), // and without the role, whose policies then fail
		slices.Concat(grants, policies, []string{"ALTER ROLE todo_app RENAME TO todo_gone"}),
		{grants[1], "ALTER ROLE todo_app RENAME TO todo_application"},
	}
	for _, loss := range each {
		cases = append(cases, []string{loss})
	}
	for _, damage := range cases {
		do(t, tx, "SAVEPOINT whole")
		do(t, tx, damage...)
		l := lost(t, tx)
		// Everybody has USAGE of public, until somebody takes it away.
		if l.IsEmpty() || l.Partial || !l.Hurts && !strings.Contains(damage[0], "SCHEMA public") {
			t.Errorf("%q: %+v", damage, l)
		}
		do(t, tx, l.Statements...)
		if after := value[string](t, tx, made); after != before {
			t.Errorf("%q is not brought back by %q", damage, l.Statements)
		}
		if l := lost(t, tx); !l.IsEmpty() || l.Hurts {
			t.Errorf("%q, repaired: %+v", damage, l)
		}
		do(t, tx, "ROLLBACK TO whole")
	}
}

func TestLostGrantsAreOneStatementATable(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t, dbtest.NeonOwner))
	do(t, tx, "REVOKE ALL ON users, deleted_tasks FROM todo_app", "REVOKE USAGE ON SCHEMA public FROM todo_app")
	want := []string{
		"GRANT USAGE ON SCHEMA public TO todo_app",
		"GRANT SELECT, DELETE, INSERT (user_id, id, version), UPDATE (version, deleted_at) ON TABLE public.deleted_tasks TO todo_app",
	}
	if l := lost(t, tx); len(l.Statements) != 3 || !slices.Equal(l.Statements[:2], want) || !strings.HasPrefix(l.Statements[2], "GRANT SELECT, DELETE, INSERT (id, email), UPDATE (") {
		t.Errorf("%q", l.Statements)
	}
}

func TestLostMembershipNamesTheLoginThatAsks(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'Lost_' || current_database()")
	quoted := pgx.Identifier{login}.Sanitize()
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'stranger'", quoted))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+quoted) })
	if l := lost(t, begin(t, dbtest.As(t, url, login, "stranger"))); l.Membership != "GRANT todo_app TO "+quoted || len(l.Statements) > 0 {
		t.Errorf("%+v", l)
	}
}
