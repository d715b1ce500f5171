package db_test

import (
	"context"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestPagesKeepABoundedNumberOfBytes has pages of tasks that together are much larger.
func TestPagesKeepABoundedNumberOfBytes(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	dbtest.Exec(t, url, `INSERT INTO users (id) VALUES ('alice');
		INSERT INTO tasks (user_id, id, title, description, version)
		SELECT 'alice', gen_random_uuid(), 'task ' || n, repeat('😀', 1000), n FROM generate_series(1, 1000) AS n`)
	const size = 4000
	check := func(kind string, tasks []db.Task, err error) {
		bytes := 0
		for _, task := range tasks {
			bytes += len(*task.Description)
		}
		if err != nil || bytes < db.PageBytes-2*size || bytes > db.PageBytes+size {
			t.Errorf("%s: %d tasks of %d bytes, %v", kind, len(tasks), bytes, err)
		}
	}
	for range 2 { // the connection is fit for more
		tasks, _, err := pool.List(t.Context(), alice, func(ctx context.Context, q *db.Queries) ([]db.Task, error) {
			return q.ListTasks(ctx, db.ListTasksParams{UserID: alice, PageSize: 1001})
		})
		check("list", tasks, err)
		changes, err := pool.Changes(t.Context(), alice, db.Place{}, db.Place{}, 1001)
		check("changes", changes.Tasks, err)
	}
}
