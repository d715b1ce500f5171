package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestCheckPassesOnTheSchemaThatTheProgramWasBuiltFor(t *testing.T) {
	t.Parallel()
	forTenants(t, func(t *testing.T, tn tenants) {
		version := latest(t)
		if schema, err := tn.pool.Check(t.Context()); schema != (db.Schema{Version: version, BuiltFor: version}) || err != nil {
			t.Errorf("%+v, %v", schema, err)
		}
	})
}

// TestCheckNeedsNoSettingOfAPooler has the pooler take other connections than those on
// which the pool prepared what enters a scope.
func TestCheckNeedsNoSettingOfAPooler(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, dbtest.NewPgBouncer(t, url, 2, false).URL)
	if _, err := pool.As(alice).GetUser(t.Context(), db.GetUserParams{UserID: alice}); !errors.Is(err, db.ErrNotFound) {
		t.Fatal(err)
	}
	killConnections(t, url)
	for range 5 {
		if _, err := pool.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckWorksInEveryModeOfAURL(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		if _, err := dbtest.Pool(t, url+"&default_query_exec_mode="+mode).Check(t.Context()); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestCheckSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		for range 2 {
			if _, err := pool.Check(t.Context()); err != nil {
				t.Error(err)
			}
			killConnections(t, url)
		}
	})
}

func TestCheckIsFewRoundTrips(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
			pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1", options...)
			for range 2 {
				proxy.Reset()
				if _, err := pool.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := proxy.RoundTrips(); n > 8 {
				t.Errorf("%d round trips", n)
			}
		})
	}
}

func TestCheckPassesForALoginThatOwnsNothing(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'login_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'owns-nothing'; GRANT todo_app TO %[1]s", login))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+login) })
	pool := dbtest.Pool(t, dbtest.As(t, url, login, "owns-nothing"))
	defer pool.Close()
	if _, err := pool.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := useOwnTasks(t.Context(), pool, alice); err != nil {
		t.Error(err)
	}
}

func TestCheckSaysWhatMendsWhatItRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ damage, says string }{
		"RLS off":                   {"ALTER TABLE tasks DISABLE ROW LEVEL SECURITY", "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY"},
		"RLS not forced":            {"ALTER TABLE users NO FORCE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"},
		"policy missing":            {"DROP POLICY tasks_update ON tasks", "tasks has no policy for UPDATE"},
		"policy to read missing":    {"DROP POLICY users_select ON users", "users has no policy for SELECT"},
		"policy to add missing":     {"DROP POLICY tasks_insert ON tasks", "tasks has no policy for INSERT"},
		"a policy widened":          {"ALTER POLICY tasks_update ON tasks USING (true) WITH CHECK (true)", "ALTER POLICY tasks_update"},
		"policy that lets all pass": {"CREATE POLICY support ON tasks FOR SELECT USING (true)", "policy support of tasks"},
		"policy for todo_app alone": {"CREATE POLICY support ON users TO todo_app USING (email IS NOT NULL)", "policy support of users"},
		"a policy's check widened":  {"ALTER POLICY tasks_insert ON tasks WITH CHECK (true)", "policy tasks_insert of tasks"},
		"no migration":              {"DROP TABLE schema_migrations", "todo migrate up"},
		"older schema":              {"UPDATE schema_migrations SET version = 8", "todo migrate up"},
		"dirty, maybe too old":      {"UPDATE schema_migrations SET dirty = true, version = 9", "`todo migrate status`"},
		"dirty, and too old":        {"UPDATE schema_migrations SET dirty = true, version = -1", "`todo migrate status`"},
		"dirty and without a query": {"UPDATE schema_migrations SET dirty = true, version = 999999; ALTER TABLE tasks RENAME COLUMN title TO name", "`todo migrate status`"},
		"version not readable":      {"REVOKE SELECT ON schema_migrations FROM todo_app", "GRANT SELECT ON TABLE public.schema_migrations TO todo_app"},
		"no privileges":             {"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM todo_app; REVOKE USAGE ON SCHEMA public FROM todo_app", "run `todo migrate repair --apply`"},
		"no schema":                 {"REVOKE USAGE ON SCHEMA public FROM todo_app, PUBLIC", "GRANT USAGE ON SCHEMA public TO todo_app"},
		"no policies, no grants":    {"DROP POLICY tasks_select ON tasks; REVOKE ALL ON schema_migrations FROM todo_app", "CREATE POLICY tasks_select"},
		"newer and without a query": {"UPDATE schema_migrations SET version = 999999; ALTER TABLE tasks RENAME COLUMN title TO name", "cannot run on schema version 999999"},
		"newer and without a grant": {"UPDATE schema_migrations SET version = 999999; REVOKE DELETE ON tasks FROM todo_app", "query ClearTasks cannot run on schema version 999999"},
		"a column without a grant":  {"REVOKE UPDATE (version) ON tasks FROM todo_app", "the schema has lost"},
		"a privilege to add lost":   {"REVOKE INSERT (priority) ON tasks FROM todo_app", "permission denied for table tasks"},
		"a query in the middle":     {"REVOKE DELETE ON users FROM todo_app", "query EraseAccount cannot run"},
		"the last query":            {"REVOKE UPDATE (due_date) ON tasks FROM todo_app", "query UpdateTask cannot run"},
		"no key to conflict on":     {"ALTER TABLE tasks DROP CONSTRAINT tasks_pkey", "query AddTask cannot run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenants(t, dbtest.NeonOwner)
			dbtest.Exec(t, tn.super, c.damage)
			_, err := tn.pool.Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want it to say %q", err, c.says)
			}
			_, remedy, found := strings.Cut(err.Error(), "in psql: ")
			if !found {
				_, remedy, found = strings.Cut(err.Error(), "run ")
			}
			if found && !strings.Contains(remedy, "todo migrate") && !strings.Contains(remedy, "release") {
				dbtest.Exec(t, tn.url, remedy)
				if _, err := tn.pool.Check(t.Context()); err != nil {
					t.Errorf("after %q: %v", remedy, err)
				}
			}
		})
	}
}

// TestCheckSaysThatTheSearchPathHidesTheTables has what a login or a database may have.
func TestCheckSaysThatTheSearchPathHidesTheTables(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"database":      "ALTER DATABASE %[1]s SET search_path = ''",
		"database user": "ALTER ROLE %[2]s IN DATABASE %[1]s SET search_path = ''",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			dbtest.Exec(t, url, fmt.Sprintf(set, dbtest.Value[string](t, url, "SELECT current_database()"), dbtest.Value[string](t, url, "SELECT session_user")))
			_, err := dbtest.Pool(t, url).Check(t.Context())
			if err == nil {
				t.Fatal("passed")
			}
			_, remedy, _ := strings.Cut(err.Error(), ": run ")
			if !strings.HasSuffix(remedy, "RESET search_path") {
				t.Fatalf("%v", err)
			}
			dbtest.Exec(t, url, remedy)
			if _, err := dbtest.Pool(t, url).Check(t.Context()); err != nil {
				t.Errorf("after %q: %v", remedy, err)
			}
		})
	}
}

func TestCheckIgnoresAPolicyForAnotherRole(t *testing.T) {
	t.Parallel()
	tn := newTenants(t, dbtest.NeonOwner)
	dbtest.Exec(t, tn.super, "CREATE POLICY audit ON tasks FOR SELECT TO pg_monitor USING (true)")
	if _, err := tn.pool.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCheckReportsANewerSchemaAndPasses(t *testing.T) {
	t.Parallel()
	tn := newTenants(t, dbtest.NeonOwner)
	dbtest.Exec(t, tn.super, "UPDATE schema_migrations SET version = 999999; ALTER TABLE tasks ADD COLUMN later text")
	if schema, err := tn.pool.Check(t.Context()); schema.Version != 999999 || err != nil {
		t.Errorf("%+v, %v", schema, err)
	}
}

// TestCheckPassesOnAnOlderSchemaOnlyIfEveryQueryCanRun takes versions for those of a
// later program, which has migrations that this one has not.
func TestCheckPassesOnAnOlderSchemaOnlyIfEveryQueryCanRun(t *testing.T) {
	t.Parallel()
	version := latest(t)
	for name, c := range map[string]struct {
		damage         string
		oldest, latest uint
		says           string
	}{
		"the last migration is not needed": {"SELECT 1", version, version + 1, ""},
		"the last migration is needed":     {"SELECT 1", version + 1, version + 1, "this program needs"},
		"a query lacks its grant":          {"REVOKE DELETE ON users FROM todo_app", version, version + 1, "query EraseAccount cannot run"},
		"a query lacks its column":         {"ALTER TABLE tasks DROP COLUMN description", version, version + 1, "run `todo migrate up`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenants(t, dbtest.NeonOwner)
			dbtest.Exec(t, tn.super, c.damage)
			schema, err := tn.pool.CheckFor(t.Context(), c.oldest, c.latest)
			if c.says == "" && (schema != (db.Schema{Version: version, BuiltFor: c.latest}) || err != nil) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%+v, %v", schema, err)
			}
		})
	}
}

func TestCheckRefusesASchemaOlderThanTheProgramNeeds(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	m := migrator(t, url)
	for version := uint(db.OldestSchema) - 1; version > 0; version-- {
		if err := m.Goto(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		if _, err := dbtest.Pool(t, url).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "run `todo migrate up`") {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

func TestCheckRefusesARoleThatBypassesRowLevelSecurity(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	// Roles belong to the cluster, where other tests rely on todo_app: the damage
	// is done and undone in the transaction that looks.
	for damage, says := range map[string]string{
		"ALTER ROLE todo_app BYPASSRLS":       "NOBYPASSRLS",
		"ALTER ROLE todo_app SUPERUSER":       "NOSUPERUSER",
		"ALTER TABLE tasks OWNER TO todo_app": "role todo_app owns tasks",
		"GRANT todo_app TO CURRENT_USER; CREATE ROLE todo_test_boss; GRANT todo_test_boss TO todo_app; ALTER TABLE tasks OWNER TO todo_test_boss": "role todo_app owns tasks",
	} {
		t.Run(damage, func(t *testing.T) {
			superuser := dbtest.Pool(t, dbtest.SuperuserURL(t, url))
			if err := superuser.CheckRLSAfter(t.Context(), damage); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want it to say %q", err, says)
			}
		})
	}
	if _, err := pool.Check(t.Context()); err != nil {
		t.Errorf("the damage stayed: %v", err)
	}
}

func TestCheckTellsALoginThatMayNotSwitchRolesWhatToRun(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'stranger_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'stranger'", login))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+login) })
	pool := dbtest.Pool(t, dbtest.As(t, url, login, "stranger"))
	defer pool.Close()
	if _, err := pool.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "todo_app") {
		t.Errorf("%v", err)
	}
}

// TestCheckTellsWhichLoginMayNotSwitchRoles has one that could, if it were granted the role.
func TestCheckTellsWhichLoginMayNotSwitchRoles(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'Server_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %q LOGIN PASSWORD 'server'", login))
	t.Cleanup(func() { dbtest.Exec(t, super, fmt.Sprintf("DROP ROLE %q", login)) })
	pool := dbtest.Pool(t, dbtest.As(t, url, login, "server"))
	defer pool.Close()
	_, err := pool.Check(t.Context())
	if remedy := fmt.Sprintf("GRANT todo_app TO %q", login); err == nil || !strings.HasSuffix(err.Error(), "run "+remedy) {
		t.Fatalf("%v", err)
	} else {
		dbtest.Exec(t, url, remedy)
	}
	if _, err := pool.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQueriesNameThemselvesToTheDatabase(t *testing.T) {
	t.Parallel()
	for name, statement := range db.Statements() {
		if !strings.Contains(statement, "/* "+name+" */") {
			t.Errorf("query %s does not say /* %s */ behind its first keyword", name, name)
		}
	}
}
