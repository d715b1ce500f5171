package db_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

const (
	alice = "alice"
	bob   = "bob"
)

// attempt is how somebody who claims to be user reaches for a task with one query: what
// it shows them, and an error that may refuse it.
type attempt func(ctx context.Context, q db.Querier, user string, id uuid.UUID) (seen []db.Task, changed int64, err error)

// attempts has one for every generated query but the lists, which are alike. A query
// without one fails TestIsolationCoversEveryQuery.
var attempts = withLists(map[string]attempt{
	"GetTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		task, err := q.GetTask(ctx, db.GetTaskParams{UserID: user, ID: id})
		return []db.Task{task}, 0, err
	},
	"AddTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		task, err := q.AddTask(ctx, db.AddTaskParams{UserID: user, ID: id, Title: "taken over", Priority: "low", Tags: []string{}, Email: new("other@example.test")})
		return []db.Task{task}, 0, err
	},
	"CreateTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.CreateTask(ctx, db.CreateTaskParams{UserID: user, ID: id, Title: "taken over", Priority: "low", Tags: []string{}, Email: new("other@example.test")})
		return []db.Task{row.Task}, 0, err
	},
	"GetTaskBehind": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		found, err := q.GetTaskBehind(ctx, db.GetTaskBehindParams{UserID: user})
		if err == nil && found == id {
			return []db.Task{{UserID: alice, ID: id}}, 0, nil
		}
		return nil, 0, err
	},
	"UpdateTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.UpdateTask(ctx, db.UpdateTaskParams{UserID: user, ID: id, Title: new("taken over"), Email: new("other@example.test")})
		return []db.Task{row.Task}, 0, err
	},
	"CompleteTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.CompleteTask(ctx, db.CompleteTaskParams{UserID: user, ID: id, Email: new("other@example.test")})
		return []db.Task{row.Task}, 0, err
	},
	"DeleteTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.DeleteTask(ctx, db.DeleteTaskParams{UserID: user, ID: id, Email: new("other@example.test")})
		return []db.Task{row.Task}, 0, err
	},
	"GetDeletedTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		version, err := q.GetDeletedTask(ctx, db.GetDeletedTaskParams{UserID: user, ID: gone(id)})
		if err == nil {
			return nil, version, nil
		}
		return nil, 0, err
	},
	"GetCounter": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.GetCounter(ctx, db.GetCounterParams{UserID: user})
		if err == nil && user == alice {
			return nil, row.Version, nil
		}
		return nil, 0, err
	},
	"GetVersion": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		version, err := q.GetVersion(ctx, db.GetVersionParams{UserID: user})
		if err == nil && user == alice {
			return nil, version, nil
		}
		return nil, 0, err
	},
	"CompleteTasks": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.CompleteTasks(ctx, db.CompleteTasksParams{UserID: user, SetCompleted: true, Tags: []string{}, Email: new("other@example.test")})
		return nil, 0, err
	},
	"ClearTasks": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.ClearTasks(ctx, db.ClearTasksParams{UserID: user, Tags: []string{}, Email: new("other@example.test")})
		return nil, 0, err
	},
	"GetAccount": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.GetAccount(ctx, db.GetAccountParams{UserID: user})
		if err == nil && row.Total > 1 {
			return nil, row.Total - 1, nil
		}
		return []db.Task{{UserID: row.ID}}, 0, err
	},
	"GetUser": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.GetUser(ctx, db.GetUserParams{UserID: user})
		return []db.Task{{UserID: row.ID}}, 0, err
	},
	"EmptyAccount": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.EmptyAccount(ctx, db.EmptyAccountParams{UserID: user})
		return nil, 0, err
	},
	"EraseAccount": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.EraseAccount(ctx, db.EraseAccountParams{UserID: user})
		return nil, 0, err
	},
	"ExportTasks": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ExportTasks(ctx, db.ExportTasksParams{UserID: user, PageSize: 100})
		return tasks, 0, err
	},
	"ListChanges": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListChanges(ctx, db.ListChangesParams{UserID: user, PageSize: 100})
		return tasks, 0, err
	},
	"ListDeletions": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		rows, err := q.ListDeletions(ctx, db.ListDeletionsParams{UserID: user, PageSize: 100})
		for _, row := range rows {
			if row.ID == gone(id) {
				return nil, 1, err
			}
		}
		return nil, 0, err
	},
	"SeedTasks": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.SeedTasks(ctx, db.SeedTasksParams{
			UserID: user, Ids: []uuid.UUID{id}, Titles: []string{"taken over"}, Completed: []bool{true},
		})
		return nil, 0, err
	},
	"SeedUser": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		return nil, 0, q.SeedUser(ctx, db.SeedUserParams{UserID: user, Email: new("other@example.test")})
	},
})

// withLists adds the list queries: the whole list of whoever user says to be.
func withLists(attempts map[string]attempt) map[string]attempt {
	for name := range db.Statements() {
		if strings.HasPrefix(name, "ListTasks") {
			attempts[name] = func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
				list := reflect.ValueOf(q).MethodByName(name)
				results := list.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(dbtest.ListParams(name, user, 100))})
				err, _ := results[1].Interface().(error)
				return results[0].Interface().([]db.Task), 0, err
			}
		}
	}
	return attempts
}

func TestIsolationCoversEveryQuery(t *testing.T) {
	t.Parallel()
	querier := reflect.TypeFor[db.Querier]()
	for i := range querier.NumMethod() {
		if name := querier.Method(i).Name; attempts[name] == nil {
			t.Errorf("query %s has no isolation test: add it to attempts", name)
		}
	}
	if len(attempts) != querier.NumMethod() {
		t.Errorf("%d attempts for %d queries", len(attempts), querier.NumMethod())
	}
}

func TestIsolationKeepsAnothersTaskOutOfReachOfEveryQuery(t *testing.T) {
	t.Parallel()
	forEachQuery(t, func(t *testing.T, tn tenants, name string) {
		tn.mustStayAlices(t, func() ([]db.Task, int64, error) {
			return attempts[name](t.Context(), tn.pool.As(bob), bob, tn.secret)
		})
	})
}

func TestIsolationRefusesAQueryThatNamesAnotherUser(t *testing.T) {
	t.Parallel()
	forEachQuery(t, func(t *testing.T, tn tenants, name string) {
		tn.mustStayAlices(t, func() ([]db.Task, int64, error) {
			return attempts[name](t.Context(), tn.pool.As(bob), alice, tn.secret)
		})
	})
}

func TestIsolationHoldsByTheQueriesAlone(t *testing.T) {
	t.Parallel()
	tn := newTenants(t, dbtest.Superuser)
	dbtest.Exec(t, tn.super, forEachOwnedTable("ALTER TABLE %[1]s DISABLE ROW LEVEL SECURITY", "; "))
	unscoped, err := pgxpool.New(t.Context(), tn.super)
	if err != nil {
		t.Fatal(err)
	}
	defer unscoped.Close()
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			tn.mustStayAlices(t, func() ([]db.Task, int64, error) {
				return attempt(t.Context(), db.New(unscoped), bob, tn.secret)
			})
		})
	}
}

func TestIsolationHoldsByRowLevelSecurityAlone(t *testing.T) {
	t.Parallel()
	statements := []string{
		"UPDATE tasks SET title = 'taken over'",
		"UPDATE users SET email = 'other@example.test'",
		"UPDATE users SET id = 'alice'",
		"INSERT INTO tasks (user_id, id, title) VALUES ('alice', gen_random_uuid(), 'planted')",
		"INSERT INTO users (id) VALUES ('carol')",
		"UPDATE users SET version = version + 1, forgotten_version = version, deleted_version = 0",
		"INSERT INTO deleted_tasks (user_id, id, version) VALUES ('alice', gen_random_uuid(), 1)",
		"UPDATE deleted_tasks SET version = 1",
		"INSERT INTO users (id) VALUES ('alice') ON CONFLICT (id) DO UPDATE SET email = 'other@example.test'",
	}
	for _, format := range []string{
		"SELECT * FROM %[1]s",
		"SELECT * FROM %[1]s WHERE %[2]s = 'alice'",
		"UPDATE %[1]s SET %[2]s = 'bob'",
		"DELETE FROM %[1]s",
		"TRUNCATE %[1]s",
		"TRUNCATE %[1]s CASCADE",
		"COPY %[1]s TO STDOUT",
	} {
		statements = append(statements, strings.Split(forEachOwnedTable(format, "\n"), "\n")...)
	}
	forTenants(t, func(t *testing.T, tn tenants) {
		for _, statement := range statements {
			t.Run(statement, func(t *testing.T) {
				tn.mustStayAlices(t, func() ([]db.Task, int64, error) {
					rows, err := tn.pool.Scope(bob).Query(t.Context(), statement)
					if err != nil {
						return nil, 0, err
					}
					defer rows.Close()
					var seen []db.Task
					for rows.Next() {
						values, err := rows.Values()
						if err != nil {
							return nil, 0, err
						}
						// Every row of alice's says so, in the column of its owner.
						if strings.Contains(fmt.Sprint(values), alice) {
							seen = append(seen, db.Task{UserID: alice, Title: fmt.Sprint(values)})
						}
					}
					return seen, 0, rows.Err()
				})
				var planted int
				err := tn.admin.QueryRow(t.Context(), "SELECT count(*) FROM users WHERE id NOT IN ('alice', 'bob')").Scan(&planted)
				if err != nil || planted != 0 {
					t.Errorf("%d users were planted, %v", planted, err)
				}
			})
		}
	})
}

func TestIsolationIsNotTheLogins(t *testing.T) {
	t.Parallel()
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			tn := newTenants(t, login)
			if n := dbtest.Value[int](t, tn.url, "SELECT count(*) FROM tasks"); n != 2 {
				t.Errorf("the login sees %d tasks without the scope: the other tests prove less than they say", n)
			}
		})
	}
}

func TestIsolationGivesNothingToNoUser(t *testing.T) {
	t.Parallel()
	forTenants(t, func(t *testing.T, tn tenants) {
		tasks, err := tn.pool.As("").ListTasks(t.Context(), db.ListTasksParams{UserID: "", PageSize: 1000})
		if err != nil || len(tasks) != 0 {
			t.Errorf("a scope without a user sees %v, %v", tasks, err)
		}
		if _, err := tn.pool.As("").CreateTask(t.Context(), db.CreateTaskParams{ID: uuid.New(), Title: "nobody's", Priority: "medium", Tags: []string{}}); err == nil {
			t.Error("a scope without a user made a task")
		}
	})
}

func TestIsolationLeavesTheUsersOwnTaskReachable(t *testing.T) {
	t.Parallel()
	forTenants(t, func(t *testing.T, tn tenants) {
		task, err := tn.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: tn.secret})
		if err != nil || task.Title != "of alice" {
			t.Errorf("alice gets %+v, %v", task, err)
		}
		if _, err := tn.pool.As(bob).GetTask(t.Context(), db.GetTaskParams{UserID: bob, ID: tn.secret}); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("bob gets %v", err)
		}
	})
}
