package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// inEachMode runs a test in each mode, on a database of its own. Its pool has one
// connection.
func inEachMode(t *testing.T, test func(t *testing.T, pool *db.Pool, url string)) {
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			url := dbtest.New(t, dbtest.NeonOwner)
			test(t, dbtest.Pool(t, url+"&pool_max_conns=1", options...), url)
		})
	}
}

func TestScopeRunsEachQueryInOneRoundTrip(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
		pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1", options...)
		for name, attempt := range attempts {
			t.Run(fmt.Sprint(mode, "/", name), func(t *testing.T) {
				id := uuid.New()
				warm := func() {
					if _, _, err := attempt(t.Context(), pool.As(alice), alice, id); err != nil && !errors.Is(err, db.ErrNotFound) {
						t.Fatal(err)
					}
				}
				warm()
				id = uuid.New()
				proxy.Reset()
				warm()
				if n := proxy.RoundTrips(); n != 1 {
					t.Errorf("%d round trips", n)
				}
			})
		}
	}
}

func TestScopeLeavesNothingOnTheConnection(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		if _, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 1000}); err != nil {
			t.Fatal(err)
		}
		if left := pool.Leftovers(t.Context()); left != "" {
			t.Error(left)
		}
	})
}

// TestScopeKeepsUsersApartOnFewConnections has 32 users at once on 2 connections: what
// one leaves behind, another would meet.
func TestScopeKeepsUsersApartOnFewConnections(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		for _, login := range dbtest.Logins {
			for name, route := range dbtest.Routes {
				t.Run(fmt.Sprint(mode, "/", name, " as ", login), func(t *testing.T) {
					t.Parallel()
					mingle(t, dbtest.Pool(t, route(t, dbtest.New(t, login), 2), options...))
				})
			}
		}
	}
}

func mingle(t *testing.T, pool *db.Pool) {
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			user := fmt.Sprintf("user%d", n%32)
			for round := range 10 {
				if err := useOwnTasks(t.Context(), pool, user); err != nil {
					t.Errorf("%s in round %d: %v", user, round, err)
				}
			}
		})
	}
	wg.Wait()
	for range 8 {
		if left := pool.Leftovers(t.Context()); left != "" {
			t.Error(left)
		}
	}
}

// useOwnTasks runs each kind of statement and fails at the first foreign row.
func useOwnTasks(ctx context.Context, pool *db.Pool, user string) error {
	id := uuid.New()
	created, err := pool.CreateTask(ctx, db.CreateTaskParams{UserID: user, ID: id, Title: "of " + user, Email: new(user + "@example.test"), Priority: "medium", Tags: []string{}})
	if err != nil {
		return err
	}
	if created.Task.UserID != user || !created.Created {
		return fmt.Errorf("created %+v", created)
	}
	got, err := pool.CompleteTask(ctx, db.CompleteTaskParams{UserID: user, ID: id})
	if err != nil {
		return err
	}
	if got.Task.UserID != user || !got.Task.Completed {
		return fmt.Errorf("completed %+v", got)
	}
	tasks, err := pool.As(user).ListTasks(ctx, db.ListTasksParams{UserID: user, PageSize: 1000})
	if err != nil {
		return err
	}
	for _, task := range tasks {
		if task.UserID != user || task.Title != "of "+user {
			return fmt.Errorf("foreign row %+v", task)
		}
	}
	deleted, err := pool.DeleteTask(ctx, db.DeleteTaskParams{UserID: user, ID: id})
	if err != nil || !deleted.Matched || deleted.Overtaken {
		return fmt.Errorf("deleted %+v: %w", deleted, err)
	}
	return nil
}

func TestCommitThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		dbtest.Exec(t, url, `
			CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$;
			CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
		_, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "never stored", Priority: "medium", Tags: []string{}})
		if err == nil || !strings.Contains(err.Error(), "refused at commit") {
			t.Errorf("a task whose commit failed was reported as made: %v", err)
		}
	})
}

func TestErrorOfADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	_, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 1000})
	if !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if err := pool.Ping(t.Context()); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
}

func TestErrorOfAClientThatLeavesIsNotTheDatabases(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := pool.As(alice).ListTasks(ctx, db.ListTasksParams{UserID: alice, PageSize: 1000})
		if !errors.Is(err, context.Canceled) || errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
}

func TestErrorOfAConstraintNamesIt(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, _ string) {
		for title, constraint := range map[string]string{
			"":                        "tasks_title_length",
			" a":                      "tasks_title_trimmed",
			"a\u00a0":                 "tasks_title_trimmed",
			strings.Repeat("é", 256):  "tasks_title_length",
			"\u2029" + "a" + "\u3000": "tasks_title_trimmed",
		} {
			_, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: title, Priority: "medium", Tags: []string{}})
			var refused *db.ConstraintError
			if !errors.As(err, &refused) || refused.Constraint != constraint {
				t.Errorf("title %q: %v, want %s", title, err, constraint)
			}
		}
		if _, err := pool.As(alice).CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: strings.Repeat("é", 255), Priority: "medium", Tags: []string{}}); err != nil {
			t.Error(err)
		}
	})
}

// TestRetryRepeatsReadsOnALostConnection kills the connection before each query that only
// reads.
func TestRetryRepeatsReadsOnALostConnection(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
		for name, statement := range db.Statements() {
			if !strings.Contains(statement, "\nSELECT /* ") {
				continue
			}
			killConnections(t, url)
			if _, _, err := attempts[name](t.Context(), pool.As(alice), alice, uuid.New()); err != nil && !errors.Is(err, db.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		killConnections(t, url)
		if err := pool.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
}

func TestCreateTaskThatRacesWithErasureMakesTheTask(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for range 100 {
				if n == 0 {
					if err := pool.EraseAccount(t.Context(), alice); err != nil {
						t.Error(err)
					}
					continue
				}
				row, err := pool.CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
				if err != nil || !row.Created {
					t.Errorf("%+v, %v", row, err)
				}
			}
		})
	}
	wg.Wait()
}
