package measure_test

import (
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/measure"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const users, tasks = 30, 5

func filled(t *testing.T) string {
	t.Helper()
	url := dbtest.SuperuserURL(t, dbtest.New(t, dbtest.NeonOwner))
	if err := measure.Fill(t.Context(), url, users, tasks); err != nil {
		t.Fatal(err)
	}
	return url
}

// TestFillMakesTasksThatTheServerFinds asks for each by the name that TaskID gives it.
func TestFillMakesTasksThatTheServerFinds(t *testing.T) {
	url := filled(t)
	pool := dbtest.Pool(t, url)
	for n := 1; n <= users; n++ {
		user := measure.UserID(n)
		found, err := pool.As(user).ListTasks(t.Context(), db.ListTasksParams{UserID: user, PageSize: 100})
		if err != nil || len(found) != tasks {
			t.Fatalf("%s has %d tasks, %v", user, len(found), err)
		}
		for i, task := range found {
			if want := measure.TaskID(n, tasks-i); task.ID != want {
				t.Errorf("task %d of %s has the id %s, want %s", tasks-i, user, task.ID, want)
			}
		}
	}
	// No task is newer than its user's counter.
	if ahead := dbtest.Value[int](t, url, "SELECT count(*) FROM tasks JOIN users ON users.id = user_id WHERE tasks.version > users.version"); ahead > 0 {
		t.Errorf("%d tasks have a version that their users' counters do not", ahead)
	}
}

func TestAddTasksGivesOneUserMore(t *testing.T) {
	url := filled(t)
	if err := measure.AddTasks(t.Context(), url, 3, tasks+1, 40); err != nil {
		t.Fatal(err)
	}
	user := measure.UserID(3)
	if _, err := dbtest.Pool(t, url).As(user).GetTask(t.Context(), db.GetTaskParams{UserID: user, ID: measure.TaskID(3, 40)}); err != nil {
		t.Error(err)
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM tasks"); n != users*tasks+40-tasks {
		t.Errorf("%d tasks", n)
	}
}

func TestCountBuffersCountsWhatEachQueryReads(t *testing.T) {
	url := filled(t)
	counted, err := measure.CountBuffers(t.Context(), url, users, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range counted {
		// An index and a row at least, and what is read is part of all.
		if b.All < 2 || b.Read > b.All {
			t.Errorf("%+v", b)
		}
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM tasks"); n != users*tasks {
		t.Errorf("%d tasks are left", n)
	}
	if _, err := measure.CountBuffers(t.Context(), url, 100_000, 5); err == nil {
		t.Error("no error for users that are not there")
	}
}

func TestBytesPerTaskDividesTheTable(t *testing.T) {
	url := filled(t)
	b, err := measure.BytesPerTask(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(dbtest.Value[int64](t, url, "SELECT pg_relation_size('tasks')")) / (users * tasks); b.Heap != want || b.Index == 0 {
		t.Errorf("%+v, want %.1f bytes of heap", b, want)
	}
}
