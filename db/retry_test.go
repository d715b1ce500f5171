package db_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestRetryMendsAStatementOlderThanAMigration changes a result's type under a warm
// connection.
func TestRetryMendsAStatementOlderThanAMigration(t *testing.T) {
	t.Parallel()
	for name, route := range dbtest.Routes {
		t.Run(name, func(t *testing.T) {
			url := dbtest.New(t, dbtest.NeonOwner)
			pool := dbtest.Pool(t, route(t, url, 1))
			made := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
			q := pool.As(alice)
			for _, kind := range []string{"varchar(1000)", "text", "varchar(2000)"} {
				for range 2 {
					if _, err := q.GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.Task.ID}); err != nil {
						t.Errorf("read before description is a %s: %v", kind, err)
					}
					if _, err := q.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: made.Task.ID}); err != nil {
						t.Errorf("write before description is a %s: %v", kind, err)
					}
					if tasks := export(t, pool); len(tasks) != 1 {
						t.Errorf("export before description is a %s: %v", kind, tasks)
					}
				}
				dbtest.Exec(t, url, "ALTER TABLE tasks ALTER description TYPE "+kind)
			}
			if n := pool.Retries()["older than its result"]; n == 0 {
				t.Errorf("no retry is counted: %v", pool.Retries())
			}
			task, err := q.GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.Task.ID})
			if err != nil || task.Completed || task.Version < made.Task.Version+6 {
				t.Errorf("after 6 toggles of %+v: %+v, %v", made.Task, task, err)
			}
		})
	}
}

func TestRetryLeavesAStatementOfOneRoundTrip(t *testing.T) {
	t.Parallel()
	for name, route := range dbtest.Routes {
		t.Run(name, func(t *testing.T) {
			url := dbtest.New(t, dbtest.NeonOwner)
			proxy := dbtest.NewProxy(t, route(t, url, 1))
			pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1")
			q := pool.As(alice)
			get := func() {
				if _, err := q.GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: uuid.New()}); !errors.Is(err, db.ErrNotFound) {
					t.Error(err)
				}
			}
			get()
			dbtest.Exec(t, url, "ALTER TABLE tasks ALTER description TYPE varchar(1000)")
			get()
			proxy.Reset()
			get()
			if n := proxy.RoundTrips(); n != 1 {
				t.Errorf("%d round trips", n)
			}
		})
	}
}

// TestResultIsReadByTheTypesThatItHas has a pooler's new connection prepare a statement that
// its client prepared on another, before the result changed its type.
func TestResultIsReadByTheTypesThatItHas(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, dbtest.NewPgBouncer(t, url, 1, true).URL)
	made := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
	for _, kind := range []string{"numeric", "double precision", "bigint"} {
		killConnections(t, url)
		dbtest.Exec(t, url, "ALTER TABLE tasks ALTER version TYPE "+kind)
		task, err := pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.Task.ID})
		if err != nil || task.Version != made.Task.Version {
			t.Errorf("version as %s: %d, %v", kind, task.Version, err)
		}
	}
}

// TestPoolerWithoutPreparedStatementsIsDetected has two servers share the pooler's one
// connection, on which what one has prepared is in the other's way.
func TestPoolerWithoutPreparedStatementsIsDetected(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPgBouncer(t, dbtest.New(t, dbtest.NeonOwner), 1, false).URL
	var log strings.Builder
	for _, user := range []string{alice, bob, alice} {
		pool := dbtest.Pool(t, url, db.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err := useOwnTasks(t.Context(), pool, user); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "does not keep prepared statements apart"); n != 2 {
		t.Errorf("%d of 2 servers say so: %s", n, log.String())
	}
}

func TestOpenPreparesAsTheURLSays(t *testing.T) {
	t.Parallel()
	for parameter, want := range map[string]int{
		"": 2, // the scope and the query
		"&default_query_exec_mode=cache_statement": 2,
		"&default_query_exec_mode=exec":            0,
		"&default_query_exec_mode=simple_protocol": 0,
	} {
		pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+parameter)
		var prepared int
		err := pool.Scope(alice).QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements").Scan(&prepared)
		if err != nil || prepared != want {
			t.Errorf("%q: %d statements, want %d, %v", parameter, prepared, want, err)
		}
	}
}

func TestPoolerThatGoesAwayIsUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pooler := dbtest.NewPgBouncer(t, url, 2, false)
	pool := dbtest.Pool(t, pooler.URL)
	write := func() error {
		_, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
		return err
	}
	read := func() error {
		_, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 1000})
		return err
	}
	each := func(what string, fits func(error) bool) {
		t.Helper()
		for name, ask := range map[string]func() error{"write": write, "read": read} {
			if err := ask(); !fits(err) {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
	}
	works := func(err error) bool { return err == nil }
	// The pooler has a write wait for the database until the time is up.
	unavailable := func(err error) bool { return errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrOutcomeUnknown) }

	each("at first", works)
	pooler.Stop()
	each("without the pooler", unavailable)
	pooler.Start(t)
	each("with it again", works)

	other := dbtest.NewEmpty(t, dbtest.Superuser)
	database := dbtest.Value[string](t, url, "SELECT current_database()::text")
	dbtest.Exec(t, other, fmt.Sprintf(`
		ALTER DATABASE %[1]s ALLOW_CONNECTIONS false;
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%[1]s'`, database))
	each("without the database", unavailable)
	dbtest.Exec(t, other, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", database))
	for unavailable(read()) {
		if t.Context().Err() != nil {
			t.Fatal("the database is not found again")
		}
	}
	each("with the database again", works)
}
