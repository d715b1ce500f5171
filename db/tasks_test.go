package db_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestCreateTaskTwiceWithOneIDMakesOneTask(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	id := uuid.New()
	first := create(t, pool, db.CreateTaskParams{UserID: alice, ID: id, Title: "first", Priority: "medium", Tags: []string{}})
	second := create(t, pool, db.CreateTaskParams{UserID: alice, ID: id, Title: "second", Completed: true, Priority: "medium", Tags: []string{}})
	if !first.Created || second.Created {
		t.Errorf("created: %t, then %t", first.Created, second.Created)
	}
	first.Created = false
	if !reflect.DeepEqual(second, first) {
		t.Errorf("stored %+v, then %+v", first, second)
	}
	if other := create(t, pool, db.CreateTaskParams{UserID: bob, ID: id, Title: "bob's own", Priority: "medium", Tags: []string{}}); !other.Created {
		t.Error("another user's id was in the way")
	}
}

func TestCreateTaskRacesMakeOneUserAndOneTask(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	for round := range 20 {
		user, same := fmt.Sprintf("user%d", round), uuid.New()
		var made atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				row, err := pool.CreateTask(t.Context(), db.CreateTaskParams{UserID: user, ID: same, Title: "raced", Email: new(user + "@example.test"), Priority: "medium", Tags: []string{}})
				if err != nil {
					t.Error(err)
				}
				if row.Created {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d of 8 say they made the task", made.Load())
		}
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM users"); n != 20 {
		t.Errorf("%d users of 20", n)
	}
}

// TestCreateTaskThatWaitsForADeletionRevivesNothing has the id deleted by a writer that
// commits while the query waits for the owner's row: its snapshot shows no tombstone.
func TestCreateTaskThatWaitsForADeletionRevivesNothing(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	q := pool.As(alice)
	for _, c := range []struct {
		name   string
		create func(id uuid.UUID) error
	}{
		{"AddTask", func(id uuid.UUID) error {
			_, err := q.AddTask(t.Context(), db.AddTaskParams{UserID: alice, ID: id, Title: "a", Priority: "medium", Tags: []string{}})
			return err
		}},
		{"CreateTask", func(id uuid.UUID) error {
			_, err := q.CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: id, Title: "a", Priority: "medium", Tags: []string{}})
			return err
		}},
	} {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "first", Priority: "medium", Tags: []string{}})
		other, err := pgx.Connect(t.Context(), dbtest.SuperuserURL(t, url))
		if err != nil {
			t.Fatal(err)
		}
		id := uuid.New()
		if _, err := other.Exec(t.Context(), fmt.Sprintf(`BEGIN;
			UPDATE users SET version = version + 1, deleted_version = version + 1 WHERE id = 'alice';
			INSERT INTO deleted_tasks (user_id, id, version) SELECT id, '%s', version FROM users WHERE id = 'alice'`, id)); err != nil {
			t.Fatal(err)
		}
		created := make(chan error, 1)
		go func() { created <- c.create(id) }()
		dbtest.WaitForLock(t, url)
		if _, err := other.Exec(t.Context(), "COMMIT"); err != nil {
			t.Fatal(err)
		}
		if err := <-created; !errors.Is(err, db.ErrNotFound) {
			t.Errorf("%s: %v, want no row", c.name, err)
		}
		if err := other.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestUpdateTaskMovesUpdatedAtWithEveryChangeAndOnlyThen(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	made := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Description: new("b"), Priority: "medium", Tags: []string{}})
	if !made.Task.UpdatedAt.Equal(made.Task.CreatedAt) {
		t.Errorf("made at %s, updated at %s", made.Task.CreatedAt, made.Task.UpdatedAt)
	}
	last := made.Task.UpdatedAt
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		name  string
		p     db.UpdateTaskParams
		moves bool
	}{
		{"no field", db.UpdateTaskParams{}, false},
		{"same title", db.UpdateTaskParams{Title: new("a")}, false},
		{"other title", db.UpdateTaskParams{Title: new("c")}, true},
		{"same description", db.UpdateTaskParams{DescriptionGiven: true, Description: new("b")}, false},
		{"no description", db.UpdateTaskParams{DescriptionGiven: true}, true},
		{"still none", db.UpdateTaskParams{DescriptionGiven: true}, false},
		{"a description", db.UpdateTaskParams{DescriptionGiven: true, Description: new("d")}, true},
		{"same completed", db.UpdateTaskParams{Completed: new(false)}, false},
		{"other completed", db.UpdateTaskParams{Completed: new(true)}, true},
		{"an instant that is due", db.UpdateTaskParams{DueDateGiven: true, DueDate: &midnight}, true},
		{"the same instant", db.UpdateTaskParams{DueDateGiven: true, DueDate: &midnight}, false},
		{"the day that begins then", db.UpdateTaskParams{DueDateGiven: true, DueDate: &midnight, DueAllDay: true}, true},
		{"the same day", db.UpdateTaskParams{DueDateGiven: true, DueDate: &midnight, DueAllDay: true}, false},
		{"no due date that is given", db.UpdateTaskParams{DueAllDay: false}, false},
		{"none", db.UpdateTaskParams{DueDateGiven: true}, true},
		{"still none due", db.UpdateTaskParams{DueDateGiven: true}, false},
	} {
		step.p.UserID, step.p.ID = alice, made.Task.ID
		task, err := pool.As(alice).UpdateTask(t.Context(), step.p)
		if err != nil {
			t.Fatal(err)
		}
		if moved := task.Task.UpdatedAt.After(last); moved != step.moves || task.Task.UpdatedAt.Before(last) {
			t.Errorf("%s: updated_at was %s, is %s", step.name, last, task.Task.UpdatedAt)
		}
		last = task.Task.UpdatedAt
	}
}

func TestCompleteTaskCountsConcurrentToggles(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	made := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "medium", Tags: []string{}})
	seen := make(chan db.CompleteTaskRow, 101)
	var wg sync.WaitGroup
	for range 101 {
		wg.Go(func() {
			task, err := pool.As(alice).CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: made.Task.ID})
			if err != nil {
				t.Error(err)
			}
			seen <- task
		})
	}
	wg.Wait()
	close(seen)
	times := map[int64]bool{}
	for task := range seen {
		times[task.Task.UpdatedAt.UnixMicro()] = true
	}
	if len(times) != 101 {
		t.Errorf("101 toggles left %d different updated_at", len(times))
	}
	if task, err := pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.Task.ID}); err != nil || !task.Completed {
		t.Errorf("after 101 toggles: %+v, %v", task, err)
	}
}

func TestListTasksIsNewestFirst(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	for range 5 {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "medium", Tags: []string{}})
	}
	dbtest.Exec(t, url, "UPDATE tasks SET created_at = '2026-01-01', updated_at = '2026-01-01' WHERE title = 'a'")
	create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "newest", Priority: "medium", Tags: []string{}})
	tasks, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 1000})
	if err != nil || len(tasks) != 6 || tasks[0].Title != "newest" {
		t.Fatalf("%+v, %v", tasks, err)
	}
	for i := 2; i < len(tasks); i++ {
		if tasks[i-1].ID.String() < tasks[i].ID.String() {
			t.Errorf("%s comes before %s", tasks[i-1].ID, tasks[i].ID)
		}
	}
}

func TestUsersEmailFollowsTheLatestChangeWhoseTokenCarriesOne(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	id := uuid.New()
	q := pool.As(alice)
	row := func() string {
		return dbtest.Value[string](t, url, "SELECT COALESCE(email, 'none') || ' ' || xmin || ' ' || ctid || ' ' || version FROM users WHERE id = 'alice'")
	}
	// Each does something the first time, and then nothing.
	for _, write := range []struct {
		name string
		do   func(email *string) error
	}{
		{"CreateTask", func(email *string) error {
			_, err := q.CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: id, Title: "a", Email: email, Priority: "medium", Tags: []string{}})
			return err
		}},
		{"UpdateTask", func(email *string) error {
			_, err := q.UpdateTask(t.Context(), db.UpdateTaskParams{UserID: alice, ID: id, Email: email, Title: new("b")})
			return err
		}},
		{"UpdateTask with a stale condition", func(email *string) error {
			task, err := q.GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: id})
			if err != nil || task.Title == "c" {
				task.Version = 1
			}
			_, err = q.UpdateTask(t.Context(), db.UpdateTaskParams{UserID: alice, ID: id, Email: email, Title: new("c"), IfMatch: []int64{task.Version}})
			return err
		}},
		{"CompleteTask", func(email *string) error {
			_, err := q.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: id, Email: email, Completed: new(true)})
			return err
		}},
		{"CompleteTasks", func(email *string) error {
			_, err := q.CompleteTasks(t.Context(), db.CompleteTasksParams{UserID: alice, Email: email, Tags: []string{}})
			return err
		}},
		{"DeleteTask", func(email *string) error {
			_, err := q.DeleteTask(t.Context(), db.DeleteTaskParams{UserID: alice, ID: id, Email: email})
			if errors.Is(err, db.ErrNotFound) {
				return nil
			}
			return err
		}},
		{"CreateTask with revive", func(email *string) error {
			_, err := q.CreateTask(t.Context(), db.CreateTaskParams{UserID: alice, ID: id, Revive: true, Title: "a", Email: email, Priority: "medium", Tags: []string{}})
			return err
		}},
		{"ClearTasks", func(email *string) error {
			_, err := q.ClearTasks(t.Context(), db.ClearTasksParams{UserID: alice, Email: email, Tags: []string{}})
			return err
		}},
	} {
		email := write.name + "@example.test"
		if err := write.do(&email); err != nil {
			t.Fatal(write.name, err)
		}
		stored := row()
		if !strings.HasPrefix(stored, email+" ") {
			t.Errorf("%s: stored %s", write.name, stored)
		}
		for _, again := range []*string{&email, new("other@example.test"), nil} {
			if err := write.do(again); err != nil {
				t.Fatal(write.name, err)
			}
			if now := row(); now != stored {
				t.Errorf("%s that changed nothing wrote the users row: %s, was %s", write.name, now, stored)
			}
		}
	}
	create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "medium", Tags: []string{}})
	if stored := row(); !strings.HasPrefix(stored, "ClearTasks@example.test ") {
		t.Errorf("a write without an e-mail left %s", stored)
	}
}
