package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// hostileIDs are user ids that would mean something if a quote let them out. The
// last are all strings of up to 4 of the characters that matter to quoting.
func hostileIDs() []string {
	ids := []string{
		"", "'; DROP TABLE tasks; --", `\'; DROP TABLE tasks; --`, `'; RESET ROLE; --`, `\\'; RESET ROLE; --`,
		"', app.user_id = 'alice", "alice' --", "alice'/*", "$$; RESET ROLE; $$", "$1", "%s%n%'", "E'\\''", `U&'\0027'`, "x'27'",
		"\u02bc\u2019\uff07; RESET ROLE", "é'😀\\", `"`, ";", "--", "/*", "DEFAULT", "a b", "a\u2028'b", "a\n'b", "\\x27", "\\u0027", `\047`,
		strings.Repeat("'", 255), strings.Repeat(`\`, 255), strings.Repeat(`\'`, 127), strings.Repeat("😀", 63) + "'\\'",
	}
	last := []string{""}
	for range 4 {
		var longer []string
		for _, id := range last {
			for _, c := range []string{"'", `\`, "$", "a"} {
				longer = append(longer, id+c)
			}
		}
		ids, last = append(ids, longer...), longer
	}
	return ids
}

func TestScopeTakesAnyUserIDAsText(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "of alice", Priority: "low", Tags: []string{}})
		for _, id := range hostileIDs() {
			var user, role string
			var seen int
			err := pool.Scope(id).QueryRow(t.Context(), "SELECT current_setting('app.user_id'), current_user::text, (SELECT count(*) FROM tasks)").Scan(&user, &role, &seen)
			if err != nil || user != id || role != "todo_app" || seen != 0 {
				t.Errorf("%q is user %q, role %s, sees %d tasks, %v", id, user, role, seen, err)
			}
			if id == "" || strings.ContainsAny(id, "\n") {
				continue
			}
			create(t, pool, db.CreateTaskParams{UserID: id, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
			tasks, err := pool.As(id).ListTasks(t.Context(), db.ListTasksParams{UserID: id, PageSize: 10})
			if err != nil || len(tasks) != 1 || tasks[0].UserID != id {
				t.Errorf("%q has %+v, %v", id, tasks, err)
			}
		}
		if left := pool.Leftovers(t.Context()); left != "" {
			t.Error(left)
		}
	})
}

func TestScopeRefusesAUserIDThatIsNoText(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		for _, id := range []string{"\x00", "alice\x00", "'\x00; RESET ROLE", "\xff'", "\xc0\xa7; RESET ROLE", "\xbf", "alice\xed\xa0\x80"} {
			var role string
			if err := pool.Scope(id).QueryRow(t.Context(), "SELECT current_user::text").Scan(&role); err == nil {
				t.Errorf("%q runs queries as %s", id, role)
			}
			if left := pool.Leftovers(t.Context()); left != "" {
				t.Errorf("%q: %s", id, left)
			}
		}
	})
}

// TestScopeKeepsItsConnectionAfterARefusedQuery looks for the same backend before and after.
func TestScopeKeepsItsConnectionAfterARefusedQuery(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		backend := func() (pid int) {
			if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			return pid
		}
		before := backend()
		for _, statement := range []string{
			"INSERT INTO tasks (user_id, id, title) VALUES ('alice', gen_random_uuid(), '')",
			"INSERT INTO tasks (user_id, id, title) VALUES ('bob', gen_random_uuid(), 'a')",
			"SELECT 1 / (n - 3) FROM generate_series(1, 5) AS n",
			"SELECT no_such_column FROM tasks",
			"SELECT set_config('statement_timeout', 'soon', true)",
		} {
			if _, err := pool.Scope(alice).Exec(t.Context(), statement); err == nil {
				t.Errorf("%s is no error", statement)
			}
			if after := backend(); after != before {
				t.Errorf("%s cost the connection", statement)
				before = after
			}
		}
		if left := pool.Leftovers(t.Context()); left != "" {
			t.Error(left)
		}
	})
}

func TestScopeBoundsTheTimeOfAStatement(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		var limit string
		if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT current_setting('statement_timeout')").Scan(&limit); err != nil || limit != "10s" {
			t.Errorf("%s, %v", limit, err)
		}
	})
}

func TestDistributedModePreparesNothingForAUser(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1", db.WithDistributed)
	for n := range 50 {
		user := fmt.Sprintf("user%d", n)
		if err := useOwnTasks(t.Context(), pool, user); err != nil {
			t.Fatal(err)
		}
	}
	var prepared int
	if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements").Scan(&prepared); err != nil || prepared != 0 {
		t.Errorf("%d prepared statements, %v", prepared, err)
	}
}

func TestDistributedModeRefusesASessionThatWouldMisreadIt(t *testing.T) {
	t.Parallel()
	for setting, says := range map[string]string{
		"standard_conforming_strings = off":       "",
		"client_encoding = 'LATIN1'":              "",
		"citus.propagate_set_commands = 'none'":   "ALTER ROLE",
		"standard_conforming_strings = on":        "",
		"citus.propagate_set_commands = 'local'":  "GRANT INSERT",
		"citus.propagate_set_commands TO DEFAULT": "",
	} {
		t.Run(setting, func(t *testing.T) {
			url := dbtest.New(t, dbtest.NeonOwner)
			super := dbtest.SuperuserURL(t, url)
			dbtest.Exec(t, super, "ALTER DATABASE "+dbtest.Value[string](t, url, "SELECT current_database()")+" SET "+setting)
			_, err := dbtest.Pool(t, url, db.WithDistributed).Check(t.Context())
			if says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Fatalf("%v, want it to say %q", err, says)
			}
			// Each check names one thing.
			for range 10 {
				_, remedy, found := strings.Cut(err.Error(), ": run ")
				if !found {
					return
				}
				dbtest.Exec(t, super, remedy)
				if _, err = dbtest.Pool(t, url, db.WithDistributed).Check(t.Context()); err == nil {
					return
				}
			}
			t.Errorf("after all remedies: %v", err)
		})
	}
}

// away has the first queries of tasks fail as where Citus cannot reach the node, and those
// that come then work: an IMMUTABLE function is evaluated when a query is planned. The
// check of the policies looks at those that let rows pass.
const away = `
	CREATE SEQUENCE failures; GRANT USAGE ON failures TO todo_app;
	CREATE FUNCTION away() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN IF nextval('public.failures') <= %d THEN RAISE EXCEPTION 'no connection to the node' USING ERRCODE = 'connection_failure'; END IF; RETURN true; END $$;
	CREATE POLICY away ON %s AS RESTRICTIVE FOR SELECT TO todo_app USING (away())`

func TestDistributedModeIsReadyWhileOneNodeIsAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failures int
		says     string
	}{
		"all nodes answer":       {0, ""},
		"one is away":            {1, ""},
		"only the third answers": {3, ""},
		"none answers":           {1_000_000, "no connection to the node"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf(away, c.failures, "users"))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := dbtest.Pool(t, url, db.WithDistributed).Check(ctx)
			if c.says == "" && err != nil || c.says != "" && (!db.MayPass(err) || !strings.Contains(err.Error(), c.says)) {
				t.Error(err)
			}
		})
	}
}

// TestDistributedModeGrantsReachNoOtherUser gives todo_app what a cluster needs.
func TestDistributedModeGrantsReachNoOtherUser(t *testing.T) {
	t.Parallel()
	tn := newTenants(t, dbtest.NeonOwner, db.WithDistributed)
	dbtest.Exec(t, tn.url, `
		GRANT INSERT (created_at, updated_at, version, forgotten_version, deleted_version) ON users TO todo_app;
		GRANT INSERT (created_at, updated_at, legacy_title) ON tasks TO todo_app;
		GRANT INSERT (deleted_at) ON deleted_tasks TO todo_app`)
	before := tn.rowsOfAlice(t)
	for _, statement := range []string{
		"INSERT INTO users (id, created_at, version) VALUES ('alice', now(), 1) ON CONFLICT (id) DO UPDATE SET version = 1",
		"INSERT INTO tasks (user_id, id, title, created_at, updated_at, legacy_title) VALUES ('alice', gen_random_uuid(), 'a', now(), now(), true)",
		"INSERT INTO deleted_tasks (user_id, id, version, deleted_at) VALUES ('alice', gen_random_uuid(), 1, now())",
		"UPDATE tasks SET created_at = now()",
		"UPDATE tasks SET legacy_title = true",
	} {
		if _, err := tn.pool.Scope(bob).Exec(t.Context(), statement); err == nil {
			t.Errorf("%s is no error", statement)
		}
	}
	if tn.rowsOfAlice(t) != before {
		t.Error("alice's rows have changed")
	}
}

// TestDistributedModeExportsUnderTheCoordinatorsLockAlone looks at the setting with which
// Citus keeps a LOCK TABLE to itself.
func TestDistributedModeExportsUnderTheCoordinatorsLockAlone(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL, db.WithDistributed)
	const local, lock = "SET LOCAL citus.enable_ddl_propagation = off", "LOCK TABLE"
	proxy.Naming(local, lock)
	export(t, pool)
	if sent := proxy.Naming(local, lock); sent[0] != 1 || sent[1] != 1 {
		t.Errorf("%d settings, %d locks", sent[0], sent[1])
	}
}
