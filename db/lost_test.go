package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// operations are all that the server does, on a task of Alice's, and a task that she
// deleted; with whether each is repeated though its answer is lost. Each says what it
// got.
var operations = []struct {
	name    string
	repeats bool
	do      func(ctx context.Context, pool *db.Pool, task, deleted db.Task) (string, error)
}{
	{"get", true, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.As(alice).GetTask(ctx, db.GetTaskParams{UserID: alice, ID: task.ID})
		return row.Title, err
	}},
	{"list", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		rows, version, err := pool.List(ctx, alice, func(ctx context.Context, q *db.Queries) ([]db.Task, error) {
			return q.ListTasks(ctx, db.ListTasksParams{UserID: alice, PageSize: 1000})
		})
		return fmt.Sprint(len(rows), version > 0), err
	}},
	{"changes", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		changes, err := pool.Changes(ctx, alice, db.Place{}, db.Place{}, 10)
		return fmt.Sprint(len(changes.Tasks), len(changes.Deleted)), err
	}},
	{"export", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		var n int
		err := pool.Export(ctx, alice, &exporter{add: func(db.Task) bool { n++; return true }})
		return fmt.Sprint(n), err
	}},
	{"create", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		row, err := pool.CreateTask(ctx, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "new", Priority: "low", Tags: []string{}})
		return fmt.Sprint(row.Task.Title, row.Created), err
	}},
	{"create what was deleted", true, func(ctx context.Context, pool *db.Pool, _, deleted db.Task) (string, error) {
		_, err := pool.CreateTask(ctx, db.CreateTaskParams{UserID: alice, ID: deleted.ID, Title: "late", Priority: "low", Tags: []string{}})
		if errors.Is(err, db.ErrDeleted) {
			return "deleted", nil
		}
		return "", err
	}},
	{"revive", false, func(ctx context.Context, pool *db.Pool, _, deleted db.Task) (string, error) {
		row, err := pool.CreateTask(ctx, db.CreateTaskParams{UserID: alice, ID: deleted.ID, Revive: true, Title: "undone", Priority: "low", Tags: []string{}})
		return fmt.Sprint(row.Task.Title, row.Created), err
	}},
	{"update", true, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.UpdateTask(ctx, db.UpdateTaskParams{UserID: alice, ID: task.ID, Title: new("changed")})
		return fmt.Sprint(row.Task.Title, row.Matched), err
	}},
	{"update on a condition", false, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.UpdateTask(ctx, db.UpdateTaskParams{UserID: alice, ID: task.ID, Title: new("changed"), IfMatch: []int64{task.Version}})
		return fmt.Sprint(row.Task.Title, row.Matched), err
	}},
	{"update on the other condition", false, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.UpdateTask(ctx, db.UpdateTaskParams{UserID: alice, ID: task.ID, Title: new("changed"), IfNoneMatch: []int64{1}})
		return fmt.Sprint(row.Task.Title, row.Matched), err
	}},
	{"complete", true, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.CompleteTask(ctx, db.CompleteTaskParams{UserID: alice, ID: task.ID, Completed: new(true)})
		return fmt.Sprint(row.Task.Completed, row.Matched), err
	}},
	{"complete on a condition", false, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.CompleteTask(ctx, db.CompleteTaskParams{UserID: alice, ID: task.ID, Completed: new(true), IfMatch: []int64{task.Version}})
		return fmt.Sprint(row.Task.Completed, row.Matched), err
	}},
	{"toggle", false, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.CompleteTask(ctx, db.CompleteTaskParams{UserID: alice, ID: task.ID})
		return fmt.Sprint(row.Task.Completed, row.Matched), err
	}},
	{"delete", true, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.DeleteTask(ctx, db.DeleteTaskParams{UserID: alice, ID: task.ID})
		return fmt.Sprint(row.Matched, row.Overtaken), err
	}},
	{"delete what is not there", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		_, err := pool.DeleteTask(ctx, db.DeleteTaskParams{UserID: alice, ID: uuid.New()})
		if errors.Is(err, db.ErrNotFound) {
			return "not found", nil
		}
		return "", err
	}},
	{"delete on a condition", false, func(ctx context.Context, pool *db.Pool, task, _ db.Task) (string, error) {
		row, err := pool.DeleteTask(ctx, db.DeleteTaskParams{UserID: alice, ID: task.ID, IfMatch: []int64{task.Version}})
		return fmt.Sprint(row.Matched, row.Overtaken), err
	}},
	{"complete all", false, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		n, err := pool.CompleteTasks(ctx, db.CompleteTasksParams{UserID: alice, SetCompleted: true, Tags: []string{}})
		return fmt.Sprint(n), err
	}},
	{"clear", false, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		n, err := pool.ClearTasks(ctx, db.ClearTasksParams{UserID: alice, Tags: []string{}})
		return fmt.Sprint(n), err
	}},
	{"erase", true, func(ctx context.Context, pool *db.Pool, _, _ db.Task) (string, error) {
		return "gone", pool.EraseAccount(ctx, alice)
	}},
}

// aliceAnew is Alice with one task and the tombstone of another, and nothing else.
func aliceAnew(t *testing.T, pool *db.Pool) (task, deleted db.Task) {
	t.Helper()
	if err := pool.EraseAccount(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	deleted = create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "b", Priority: "low", Tags: []string{}}).Task
	if _, err := pool.DeleteTask(t.Context(), db.DeleteTaskParams{UserID: alice, ID: deleted.ID}); err != nil {
		t.Fatal(err)
	}
	return create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}}).Task, deleted
}

// state is what is stored of Alice, but for what is new each time.
const state = `
	SELECT (SELECT COALESCE(string_agg(concat_ws(' ', title, completed, tasks.version = users.version), ', ' ORDER BY title), 'none') FROM tasks, users)
	    || ' of ' || (SELECT count(*) FROM users) || ' and ' || (SELECT count(*) FROM deleted_tasks)`

// TestLostAnswer loses the request of each operation or its answer, so that it is done or
// not, and the server cannot know. What is repeated gets the answer that it would have
// got, and is done once; what is not was done at most once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		url := dbtest.New(t, dbtest.NeonOwner)
		proxy := dbtest.NewProxy(t, url)
		pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1", options...)
		t.Run(mode, func(t *testing.T) {
			for _, o := range operations {
				task, deleted := aliceAnew(t, pool)
				before := dbtest.Value[string](t, url, state)
				want, err := o.do(t.Context(), pool, task, deleted)
				if err != nil {
					t.Fatal(o.name, err)
				}
				after := dbtest.Value[string](t, url, state)
				for what, lose := range map[string]func(){"request": proxy.LoseRequest, "answer": proxy.LoseAnswer} {
					// The connection is to know the statements.
					task, deleted := aliceAnew(t, pool)
					if _, err := o.do(t.Context(), pool, task, deleted); err != nil {
						t.Fatal(o.name, err)
					}
					task, deleted = aliceAnew(t, pool)
					lose()
					got, err := o.do(t.Context(), pool, task, deleted)
					if !proxy.Lost() {
						t.Fatalf("%s: the %s is not lost", o.name, what)
					}
					now := dbtest.Value[string](t, url, state)
					if o.repeats && (err != nil || got != want || now != after) {
						t.Errorf("%s, %s lost: %s, %v, want %s; stored is %s, want %s", o.name, what, got, err, want, now, after)
					}
					if !o.repeats && (!errors.Is(err, db.ErrOutcomeUnknown) || now != before && now != after) {
						t.Errorf("%s, %s lost: %v; stored is %s, was %s", o.name, what, err, now, before)
					}
					if done := now == after; !o.repeats && mode == "set_config" && done != (what == "answer") {
						t.Errorf("%s, %s lost: done is %t", o.name, what, done)
					}
				}
			}
		})
	}
}

// TestLostAnswerOfADatabaseThatStaysAway cannot be repeated in time.
func TestLostAnswerOfADatabaseThatStaysAway(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1")
	made := func(title string) error {
		_, err := pool.CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: title, Priority: "low", Tags: []string{}})
		return err
	}
	if err := made("known"); err != nil {
		t.Fatal(err)
	}
	proxy.LoseAnswer()
	proxy.Refuse(1 << 30)
	if err := made("lost"); !errors.Is(err, db.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "unavailable") {
		t.Errorf("sent: %v", err)
	}
	if err := made("never sent"); !errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrOutcomeUnknown) {
		t.Errorf("not sent: %v", err)
	}
}
