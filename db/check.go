package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// oldestSchema is the oldest version that this program may start on. It is raised to
// a migration that answers rely on and whose absence fails no query, such as a
// constraint; `make test-release` runs the tests on each version from it on.
const oldestSchema = 7

// Check tells whether the server may start on this database: its schema is the one
// this program was built for, or another (then other is its version), not older than
// oldestSchema, and every query can run there as todo_app; and the third wall stands.
// The error says which command mends it.
func (p *Pool) Check(ctx context.Context) (other uint, err error) {
	latest, err := LatestVersion()
	if err != nil {
		return 0, err
	}
	return p.checkFor(ctx, oldestSchema, latest)
}

// checkFor is Check for a program that was built for version latest and needs oldest.
func (p *Pool) checkFor(ctx context.Context, oldest, latest uint) (other uint, err error) {
	conn, err := p.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, translate(err)
	}
	defer tx.Rollback(ctx)

	if err := p.enter(ctx, tx); err != nil {
		return 0, explainRole(err)
	}
	version, err := schemaVersion(ctx, tx)
	if err != nil {
		return 0, err
	}
	if version < oldest {
		return 0, fmt.Errorf("the schema is at version %d, this program needs %d: run `todo migrate up`", version, oldest)
	}
	if err := checkWall(ctx, tx); err != nil {
		return 0, err
	}
	for name, statement := range statements(ctx) {
		if err := canRun(ctx, tx, statement); err != nil {
			remedy := "run the release that fits the schema, or, if nothing is newer, look what was changed by hand"
			if version < latest {
				remedy = "run `todo migrate up`"
			}
			return 0, fmt.Errorf("query %s cannot run on schema version %d, and this program was built for %d: %s: %w", name, version, latest, remedy, translate(err))
		}
	}
	if version != latest {
		return version, nil
	}
	return 0, nil
}

// enter enters the scope of nobody, the way queries enter theirs.
func (p *Pool) enter(ctx context.Context, tx pgx.Tx) error {
	if !p.distributed {
		_, err := tx.Exec(ctx, enterScope, "", milliseconds(statementTimeout))
		return err
	}
	settings, err := scopeSettings(tx.Conn(), scope{limit: statementTimeout})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, strings.Join(settings, "; ")); err != nil {
		return err
	}
	var remedy string
	err = tx.QueryRow(ctx, `
		SELECT format('ALTER DATABASE %I SET citus.propagate_set_commands = ''local''', current_database())
		WHERE NULLIF(current_setting('citus.propagate_set_commands', true), '') <> 'local'`).Scan(&remedy)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return errors.New("SET LOCAL does not reach the nodes, where no query would find a row: run " + remedy)
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// canRun plans a query and begins its execution, which asks for every privilege that
// it needs, and then runs nothing. Preparing it would not ask.
func canRun(ctx context.Context, tx pgx.Tx, statement string) error {
	values := 0
	for _, match := range placeholder.FindAllStringSubmatch(statement, -1) {
		n, _ := strconv.Atoi(match[1])
		values = max(values, n)
	}
	// Unnamed, so that nothing stays on a pooler's connection; all NULL but the user,
	// by whom an engine that distributes rows finds the node.
	args := append([]any{pgx.QueryExecModeExec}, make([]any, values)...)
	args[1] = ""
	_, err := tx.Exec(ctx, "EXPLAIN "+statement, args...)
	return err
}

func explainRole(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return translate(err)
	}
	switch pg.Code {
	case "22023": // invalid parameter value
		return errors.New("role todo_app does not exist: run `todo migrate up`")
	case "42501": // insufficient privilege
		return errors.New("the login may not switch to role todo_app: run GRANT todo_app TO that login")
	}
	return translate(err)
}

func schemaVersion(ctx context.Context, tx pgx.Tx) (uint, error) {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('schema_migrations') IS NOT NULL").Scan(&exists); err != nil {
		return 0, translate(err)
	}
	if !exists {
		return 0, errors.New("the schema has no version: run `todo migrate up`")
	}
	// A down file of the first migration, killed, leaves -1, which golang-migrate
	// says for none.
	var version int
	var dirty bool
	err := tx.QueryRow(ctx, "SELECT version, dirty FROM schema_migrations").Scan(&version, &dirty)
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case errors.As(err, &pg) && pg.Code == "42501": // insufficient privilege: not granted yet
		return 0, errors.New("the schema is older than this program: run `todo migrate up`")
	case err != nil:
		return 0, translate(err)
	case dirty:
		return 0, fmt.Errorf("schema version %d is dirty: run `todo migrate status`, which says what to do", version)
	}
	return uint(max(version, 0)), nil
}

// owners are the tables with the expression of their policies, as the catalogs
// write it, and clauses what a policy of a command says.
const (
	owners = `(VALUES
  ('users', $$(id = NULLIF(current_setting('app.user_id'::text, true), ''::text))$$),
  ('tasks', $$(user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text))$$)
) AS tables (relname, owned)`
	clauses = `CASE WHEN commands.name <> 'INSERT' THEN ' USING ' || tables.owned ELSE '' END
    || CASE WHEN commands.name IN ('INSERT', 'UPDATE') THEN ' WITH CHECK ' || tables.owned ELSE '' END`
)

// wallFaults names what in the catalogs would let todo_app see more than one user's
// rows.
const wallFaults = `
SELECT 'role todo_app is a superuser or has BYPASSRLS: run ALTER ROLE todo_app NOSUPERUSER NOBYPASSRLS'
FROM pg_roles
WHERE rolname = current_user
  AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT format('row-level security of %s is not enabled and forced: run ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relname)
FROM pg_class
WHERE oid IN ('users'::regclass, 'tasks'::regclass)
  AND NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT format('role todo_app owns %s, or is a member of the role that does: run ALTER TABLE %1$s OWNER TO the login that migrates', relname)
FROM pg_class
WHERE oid IN ('users'::regclass, 'tasks'::regclass)
  AND pg_has_role(current_user, relowner, 'MEMBER')
UNION ALL
SELECT format('%s has no policy for %s: run CREATE POLICY %s_%s ON %1$s FOR %2$s TO todo_app%5$s', tables.relname, commands.name, tables.relname, lower(commands.name), ` + clauses + `)
FROM ` + owners + `
CROSS JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) AS commands (name, code)
WHERE NOT EXISTS (
  SELECT FROM pg_policy
  WHERE polrelid = tables.relname::regclass
    AND polcmd IN (commands.code::"char", '*')
)
UNION ALL
SELECT format('policy %I of %s does not compare the owner with app.user_id alone: run ', polname, tables.relname)
  || CASE
    WHEN commands.name IS NULL THEN format('DROP POLICY %I ON %s', polname, tables.relname)
    ELSE format('ALTER POLICY %I ON %s%s', polname, tables.relname, ` + clauses + `)
  END
FROM pg_policy
JOIN ` + owners + ` ON polrelid = tables.relname::regclass
LEFT JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) AS commands (name, code)
  ON polname = tables.relname || '_' || lower(commands.name)
  AND polcmd = commands.code::"char"
WHERE polpermissive
  AND EXISTS (
    SELECT FROM unnest(polroles) AS role (oid)
    WHERE role.oid = 0
      OR pg_has_role(current_user, role.oid, 'MEMBER')
  )
  AND (
    COALESCE(pg_get_expr(polqual, polrelid), tables.owned) <> tables.owned
    OR COALESCE(pg_get_expr(polwithcheck, polrelid), tables.owned) <> tables.owned
    OR (polqual IS NULL AND polwithcheck IS NULL)
  )`

// ErrWall is that row-level security would let todo_app see more than one user's
// rows.
var ErrWall = errors.New("row-level security does not hold")

func checkWall(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, wallFaults)
	if err != nil {
		return translate(err)
	}
	faults, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return translate(err)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrWall, faults[0])
	}
	// With no user set, not one row may show. Each table has a statement of its own,
	// which an engine that distributes them can run.
	for _, table := range []string{"users", "tasks"} {
		var shows bool
		switch err := tx.QueryRow(ctx, "SELECT true FROM "+table+" LIMIT 1").Scan(&shows); {
		case err == nil:
			return fmt.Errorf("%w: a row of %s shows without a user", ErrWall, table)
		case !errors.Is(err, pgx.ErrNoRows):
			return translate(err)
		}
	}
	return nil
}

// statements returns the text of every generated query by its name. It calls each
// with a DBTX that only listens, so a new query cannot be forgotten.
func statements(ctx context.Context) map[string]string {
	heard := &listener{}
	queries := reflect.ValueOf(New(heard))
	found := map[string]string{}
	for i, querier := 0, reflect.TypeFor[Querier](); i < querier.NumMethod(); i++ {
		method := queries.MethodByName(querier.Method(i).Name)
		method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.Zero(method.Type().In(1))})
		found[querier.Method(i).Name] = heard.sql
	}
	return found
}

// listener is a DBTX that remembers the last query and runs none.
type listener struct{ sql string }

var errListening = errors.New("only listening")

func (l *listener) Exec(_ context.Context, sql string, _ ...any) (pgconn.CommandTag, error) {
	l.sql = sql
	return pgconn.CommandTag{}, errListening
}

func (l *listener) Query(_ context.Context, sql string, _ ...any) (pgx.Rows, error) {
	l.sql = sql
	return nil, errListening
}

func (l *listener) QueryRow(_ context.Context, sql string, _ ...any) pgx.Row {
	l.sql = sql
	return row{err: errListening}
}
