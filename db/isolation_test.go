package db_test

import (
	"context"
	"errors"
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
	"CreateTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.CreateTask(ctx, db.CreateTaskParams{UserID: user, ID: id, Title: "taken over", Priority: "low", Tags: []string{}, Email: new("other@example.test")})
		return []db.Task{row.Task}, 0, err
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
		deleted, err := q.DeleteTask(ctx, db.DeleteTaskParams{UserID: user, ID: id, Email: new("other@example.test")})
		if deleted {
			return nil, 1, err
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
	"EraseAccount": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.EraseAccount(ctx, db.EraseAccountParams{UserID: user})
		return nil, 0, err
	},
	"ExportTasks": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ExportTasks(ctx, db.ExportTasksParams{UserID: user})
		return tasks, 0, err
	},
	"SeedTasks": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		_, err := q.SeedTasks(ctx, db.SeedTasksParams{
			UserID: user, Email: new("other@example.test"), Ids: []uuid.UUID{id}, Titles: []string{"taken over"}, Completed: []bool{true},
		})
		return nil, 0, err
	},
})

// withLists adds the list queries: the whole list of whoever user says to be.
func withLists(attempts map[string]attempt) map[string]attempt {
	for name := range dbtest.Statements() {
		if strings.HasPrefix(name, "List") {
			attempts[name] = func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
				list := reflect.ValueOf(q).MethodByName(name)
				results := list.Call([]reflect.Value{reflect.ValueOf(ctx), listParams(list.Type().In(1), user, 100)})
				err, _ := results[1].Interface().(error)
				return results[0].Interface().([]db.Task), 0, err
			}
		}
	}
	return attempts
}

// listParams asks a list query, by the type of its parameters, for the first page.
func listParams(params reflect.Type, user string, size int32) reflect.Value {
	p := reflect.New(params).Elem()
	p.FieldByName("UserID").SetString(user)
	p.FieldByName("PageSize").SetInt(int64(size))
	if tags := p.FieldByName("Tags"); tags.IsValid() {
		tags.Set(reflect.ValueOf([]string{}))
	}
	return p
}

func TestEveryQueryHasAnAttempt(t *testing.T) {
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

func TestQueryOfOneUserCannotReachAnothersTask(t *testing.T) {
	forEachQuery(t, func(t *testing.T, h household, name string) {
		h.mustStayAlices(t, func() ([]db.Task, int64, error) {
			return attempts[name](t.Context(), h.pool.As(bob), bob, h.secret)
		})
	})
}

func TestScopeOfOneUserRefusesQueryThatNamesAnother(t *testing.T) {
	forEachQuery(t, func(t *testing.T, h household, name string) {
		h.mustStayAlices(t, func() ([]db.Task, int64, error) {
			return attempts[name](t.Context(), h.pool.As(bob), alice, h.secret)
		})
	})
}

func TestQueriesAloneKeepUsersApartWithoutRowLevelSecurity(t *testing.T) {
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHousehold(t, dbtest.Superuser)
			dbtest.Exec(t, h.super, "ALTER TABLE users DISABLE ROW LEVEL SECURITY; ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
			unscoped, err := pgxpool.New(t.Context(), h.super)
			if err != nil {
				t.Fatal(err)
			}
			defer unscoped.Close()
			h.mustStayAlices(t, func() ([]db.Task, int64, error) {
				return attempt(t.Context(), db.New(unscoped), bob, h.secret)
			})
		})
	}
}

func TestRowLevelSecurityAloneKeepsUsersApart(t *testing.T) {
	statements := []string{
		"SELECT user_id, title FROM tasks",
		"SELECT id, email FROM users",
		"SELECT user_id, title FROM tasks WHERE user_id = 'alice'",
		"UPDATE tasks SET title = 'taken over'",
		"UPDATE tasks SET user_id = 'bob'",
		"UPDATE users SET email = 'other@example.test'",
		"UPDATE users SET id = 'alice'",
		"DELETE FROM tasks",
		"DELETE FROM users",
		"TRUNCATE tasks",
		"INSERT INTO tasks (user_id, id, title) VALUES ('alice', gen_random_uuid(), 'planted')",
		"INSERT INTO users (id) VALUES ('carol')",
		"INSERT INTO users (id) VALUES ('alice') ON CONFLICT (id) DO UPDATE SET email = 'other@example.test'",
		"COPY tasks TO STDOUT",
	}
	for _, statement := range statements {
		t.Run(statement, func(t *testing.T) {
			inEachHousehold(t, func(t *testing.T, h household) {
				h.mustStayAlices(t, func() ([]db.Task, int64, error) {
					rows, err := h.pool.Scope(bob).Query(t.Context(), statement)
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
						user, _ := values[0].(string)
						title, _ := values[1].(string)
						seen = append(seen, db.Task{UserID: user, Title: title})
					}
					return seen, 0, rows.Err()
				})
				if n := dbtest.Value[int](t, h.super, "SELECT count(*) FROM users WHERE id NOT IN ('alice', 'bob')"); n != 0 {
					t.Errorf("%d users were planted", n)
				}
			})
		})
	}
}

func TestLoginItselfWouldSeeEveryRow(t *testing.T) {
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			h := newHousehold(t, login)
			if n := dbtest.Value[int](t, h.url, "SELECT count(*) FROM tasks"); n != 2 {
				t.Errorf("the login sees %d tasks without the scope: the other tests prove less than they say", n)
			}
		})
	}
}

func TestNoUserIsNobody(t *testing.T) {
	inEachHousehold(t, func(t *testing.T, h household) {
		tasks, err := h.pool.As("").ListTasks(t.Context(), db.ListTasksParams{UserID: "", PageSize: 1000})
		if err != nil || len(tasks) != 0 {
			t.Errorf("a scope without a user sees %v, %v", tasks, err)
		}
		if _, err := h.pool.As("").CreateTask(t.Context(), db.CreateTaskParams{ID: uuid.New(), Title: "nobody's", Priority: "medium", Tags: []string{}}); err == nil {
			t.Error("a scope without a user made a task")
		}
	})
}

func TestOwnTaskStaysReachable(t *testing.T) {
	inEachHousehold(t, func(t *testing.T, h household) {
		task, err := h.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: h.secret})
		if err != nil || task.Title != "of alice" {
			t.Errorf("alice gets %+v, %v", task, err)
		}
		if _, err := h.pool.As(bob).GetTask(t.Context(), db.GetTaskParams{UserID: bob, ID: h.secret}); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("bob gets %v", err)
		}
	})
}
