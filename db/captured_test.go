package db_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// PostgreSQL calls the operator or the function whose types fit best, in whatever schema
// of the search_path it is: one in public whose types are exact comes before one of
// pg_catalog that takes any array, or for which an argument is cast. Here somebody who may
// create in public puts a twin there for each name that a statement of this package calls,
// for each combination of types. todo_app may execute none of them, and executing begins
// with looking at that, whatever the statement then does; so a statement that calls one
// fails.

// twinTypes are those of columns, parameters and catalogs, and those to which they are cast.
var twinTypes = []string{
	"text", "text[]", "uuid", "uuid[]", "bigint", "bigint[]", "integer", "numeric", "timestamptz", "interval",
	"boolean", "boolean[]", "name", "varchar", "oid", "oid[]",
}

// twins makes one function and one operator for each pair of types, and functions of each
// name and number of arguments that pg_catalog has.
const twins = `
SET search_path = pg_catalog;
DO $do$
DECLARE
  types text[] := '{%[1]s}';
  operators text[] := '{%[2]s}';
  names text[] := '{%[3]s}';
  l text; r text; o text; f record;
BEGIN
  FOREACH l IN ARRAY types LOOP
    FOREACH r IN ARRAY types LOOP
      EXECUTE format('CREATE FUNCTION public.captured(%%s, %%s) RETURNS boolean VOLATILE LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''captured''''; END''', l, r);
      FOREACH o IN ARRAY operators LOOP
        EXECUTE format('CREATE OPERATOR public.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = public.captured)', o, l, r);
      END LOOP;
    END LOOP;
  END LOOP;
  FOR f IN
    SELECT DISTINCT proname, signature.types AS signature
    FROM pg_catalog.pg_proc
    CROSS JOIN generate_series(1, 3) AS arity
    CROSS JOIN LATERAL (
      SELECT a AS types FROM unnest(types) AS a WHERE arity = 1
      UNION ALL
      SELECT concat_ws(', ', a, b) FROM unnest(types) AS a, unnest(types) AS b WHERE arity = 2
      UNION ALL
      SELECT concat_ws(', ', a, b, c) FROM unnest(types[1:2]) AS a, unnest(types) AS b, unnest('{text,boolean,varchar}'::text[]) AS c WHERE arity = 3
    ) AS signature
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname = ANY (names)
      AND (pronargs = arity OR provariadic <> 0)
  LOOP
    EXECUTE format('CREATE FUNCTION public.%%I(%%s) RETURNS boolean VOLATILE LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''captured''''; END''', f.proname, f.signature);
  END LOOP;
END
$do$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC`

var (
	noSQL      = regexp.MustCompile(`(?s)'[^']*'|--[^\n]*|/\*.*?\*/`)
	aName      = regexp.MustCompile(`(\w+)\(`)
	anOperator = regexp.MustCompile(`[-+*/<>=~!@#%^&|?]+`)
)

// called are the operators and functions that statements name, and those that PostgreSQL
// looks for where they say IN, BETWEEN, NULLIF or IS DISTINCT FROM.
func called(statements []string) (operators, functions []string) {
	ops, names := map[string]bool{"=": true, "<>": true, "<": true, "<=": true, ">": true, ">=": true}, map[string]bool{}
	for _, statement := range statements {
		statement = noSQL.ReplaceAllString(statement, "")
		for _, name := range aName.FindAllStringSubmatch(statement, -1) {
			names[strings.ToLower(name[1])] = true
		}
		for _, operator := range anOperator.FindAllString(statement, -1) {
			ops[operator] = true
		}
	}
	return slices.Sorted(maps.Keys(ops)), slices.Sorted(maps.Keys(names))
}

// intrude puts twins of all that is called into public, as somebody who may create there.
func intrude(t *testing.T, database string) {
	t.Helper()
	super, intruder := dbtest.SuperuserURL(t, database), "todo_test_"+strings.ToLower(rand.Text()[:8])
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN PASSWORD 'in'; GRANT CREATE ON SCHEMA public TO %[1]s", intruder))
	t.Cleanup(func() { dbtest.Exec(t, super, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", intruder)) })
	operators, functions := called(slices.Concat(slices.Collect(maps.Values(db.Statements())), db.HandWritten()))
	for i, operator := range operators {
		operators[i] = `"` + operator + `"`
	}
	dbtest.Exec(t, dbtest.As(t, database, intruder, "in"),
		fmt.Sprintf(twins, strings.Join(twinTypes, ","), strings.Join(operators, ","), strings.Join(functions, ",")))
}

func TestStatementsCallNothingThatSomebodyPutIntoPublic(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	intrude(t, database)
	conn := connect(t, database)
	if _, err := conn.Exec(t.Context(), "SET search_path = public; SET ROLE todo_app"); err != nil {
		t.Fatal(err)
	}
	for name, statement := range db.Statements() {
		if err := db.Explain(t.Context(), conn, statement); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// With what it asks itself.
	pool := dbtest.Pool(t, database)
	if _, err := pool.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := pool.CheckHardening(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := pool.NeverHadTasks(t.Context()); err != nil {
		t.Error(err)
	}
	task, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "Buy milk", Priority: "medium", Tags: []string{"home"}})
	if err != nil {
		t.Fatal(err)
	}
	if tasks := export(t, pool); len(tasks) != 1 || tasks[0].ID != task.Task.ID {
		t.Errorf("%+v", tasks)
	}
}

// TestStatementsFindNoTableThatHidesOurs has a schema of the role's name, which comes
// before public where a search_path is PostgreSQL's own, and a temporary table, which
// comes before all.
func TestStatementsFindNoTableThatHidesOurs(t *testing.T) {
	t.Parallel()
	for name, options := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := dbtest.New(t, dbtest.NeonOwner)
			dbtest.Exec(t, dbtest.SuperuserURL(t, database), `
				CREATE SCHEMA todo_app;
				CREATE TABLE todo_app.tasks (LIKE public.tasks INCLUDING DEFAULTS);
				INSERT INTO todo_app.tasks (user_id, id, title) VALUES ('alice', gen_random_uuid(), 'not hers');
				GRANT USAGE ON SCHEMA todo_app TO todo_app;
				GRANT ALL ON todo_app.tasks TO todo_app`)
			pool := dbtest.Pool(t, database+"&pool_max_conns=1", options...)
			if _, err := pool.Scope(alice).Exec(t.Context(), "CREATE TEMPORARY TABLE users (LIKE public.users INCLUDING DEFAULTS) ON COMMIT PRESERVE ROWS"); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Check(t.Context()); err != nil {
				t.Error(err)
			}
			tasks, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 10})
			if len(tasks) > 0 || err != nil {
				t.Errorf("%v, %v", tasks, err)
			}
			if _, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "Buy milk", Priority: "medium", Tags: []string{}}); err != nil {
				t.Error(err)
			}
			if n := dbtest.Value[int](t, dbtest.SuperuserURL(t, database), "SELECT count(*) FROM public.users"); n != 1 {
				t.Errorf("%d users", n)
			}
		})
	}
}

func TestCheckTellsALoginThatCannotPrepareWhatToRun(t *testing.T) {
	t.Parallel()
	for damage, mends := range map[string]string{
		"ALTER ROLE %s SET search_path = ''":                  `ALTER ROLE %s SET search_path = "$user", public`,
		"REVOKE USAGE ON SCHEMA public FROM PUBLIC --":        "GRANT USAGE ON SCHEMA public TO %s",
		"ALTER ROLE %s SET search_path = pg_catalog, pg_temp": `ALTER ROLE %s SET search_path = "$user", public`,
	} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			super := dbtest.SuperuserURL(t, url)
			login := dbtest.Value[string](t, super, "SELECT 'login_' || current_database()")
			dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'owns-nothing'; GRANT todo_app TO %[1]s; "+strings.ReplaceAll(damage, "%s", "%[1]s"), login))
			t.Cleanup(func() { dbtest.Exec(t, super, "DROP OWNED BY "+login+"; DROP ROLE "+login) })
			check := func() error {
				_, err := dbtest.Pool(t, dbtest.As(t, url, login, "owns-nothing")).Check(t.Context())
				return err
			}
			mend := fmt.Sprintf(mends, login)
			if err := check(); err == nil || !strings.HasSuffix(err.Error(), "run "+mend) {
				t.Fatalf("%v, want it to end in %s", err, mend)
			}
			dbtest.Exec(t, super, mend)
			if err := check(); err != nil {
				t.Error(err)
			}
		})
	}
}
