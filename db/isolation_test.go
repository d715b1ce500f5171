package db_test

import (
	"context"
	"errors"
	"reflect"
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

// attempts has, for every generated query, how somebody who says to be user
// reaches for a task: what it shows them, and an error that may refuse it. A query
// without an attempt fails TestEveryQueryHasAnAttempt.
var attempts = map[string]func(ctx context.Context, q db.Querier, user string, id uuid.UUID) (seen []db.Task, changed int64, err error){
	"ListTasksByCreatedAtDesc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByCreatedAtDesc(ctx, db.ListTasksByCreatedAtDescParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByCreatedAtAsc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByCreatedAtAsc(ctx, db.ListTasksByCreatedAtAscParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByUpdatedAtDesc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByUpdatedAtDesc(ctx, db.ListTasksByUpdatedAtDescParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByUpdatedAtAsc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByUpdatedAtAsc(ctx, db.ListTasksByUpdatedAtAscParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByDueDateDesc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByDueDateDesc(ctx, db.ListTasksByDueDateDescParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByDueDateAsc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByDueDateAsc(ctx, db.ListTasksByDueDateAscParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByPriorityDesc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByPriorityDesc(ctx, db.ListTasksByPriorityDescParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByPriorityAsc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByPriorityAsc(ctx, db.ListTasksByPriorityAscParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByTitleDesc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByTitleDesc(ctx, db.ListTasksByTitleDescParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"ListTasksByTitleAsc": func(ctx context.Context, q db.Querier, user string, _ uuid.UUID) ([]db.Task, int64, error) {
		tasks, err := q.ListTasksByTitleAsc(ctx, db.ListTasksByTitleAscParams{UserID: user, Tags: []string{}, PageSize: 100})
		return tasks, 0, err
	},
	"GetTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		task, err := q.GetTask(ctx, db.GetTaskParams{UserID: user, ID: id})
		return []db.Task{task}, 0, err
	},
	"CreateTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.CreateTask(ctx, db.CreateTaskParams{UserID: user, ID: id, Title: "taken over", Priority: "low", Tags: []string{}, Email: new("other@example.test")})
		return []db.Task{{UserID: row.UserID, ID: row.ID, Title: row.Title}}, 0, err
	},
	"UpdateTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.UpdateTask(ctx, db.UpdateTaskParams{UserID: user, ID: id, Title: new("taken over"), Email: new("other@example.test")})
		return []db.Task{{UserID: row.UserID, ID: row.ID, Title: row.Title}}, 0, err
	},
	"CompleteTask": func(ctx context.Context, q db.Querier, user string, id uuid.UUID) ([]db.Task, int64, error) {
		row, err := q.CompleteTask(ctx, db.CompleteTaskParams{UserID: user, ID: id, Email: new("other@example.test")})
		return []db.Task{{UserID: row.UserID, ID: row.ID, Title: row.Title}}, 0, err
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
		tasks, err := h.pool.As("").ListTasksByCreatedAtDesc(t.Context(), db.ListTasksByCreatedAtDescParams{UserID: "", Tags: []string{}, PageSize: 1000})
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
