package db_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// seedTasks adds tasks of a user in bulk.
func seedTasks(t *testing.T, pool *db.Pool, user string, count int) db.SeedTasksParams {
	t.Helper()
	if err := pool.As(user).SeedUser(t.Context(), db.SeedUserParams{UserID: user}); err != nil {
		t.Fatal(err)
	}
	params := db.SeedTasksParams{UserID: user, Completed: make([]bool, count)}
	for range count {
		params.Ids, params.Titles = append(params.Ids, uuid.New()), append(params.Titles, "there")
	}
	if added, err := pool.As(user).SeedTasks(t.Context(), params); err != nil || added != int64(count) {
		t.Fatalf("%d tasks of %d, %v", added, count, err)
	}
	return params
}

// TestSeedTasksAddsEachTaskOnceUnderItsOwner has a login whom row-level security binds, as it
// binds todo_app on the nodes of a cluster, where the rows of a COPY are refused.
func TestSeedTasksAddsEachTaskOnceUnderItsOwner(t *testing.T) {
	t.Parallel()
	forTenants(t, func(t *testing.T, tn tenants) {
		before := tn.rowsOfAlice(t)
		params := seedTasks(t, tn.pool, "carol", 3)
		if again, err := tn.pool.As("carol").SeedTasks(t.Context(), params); again != 0 || err != nil {
			t.Errorf("%d tasks again, %v", again, err)
		}
		seedTasks(t, tn.pool, "carol", 2)
		tasks, err := tn.pool.As("carol").ListTasks(t.Context(), db.ListTasksParams{UserID: "carol", PageSize: 10})
		versions := map[int64]int{}
		for _, task := range tasks {
			versions[task.Version]++
		}
		if err != nil || len(tasks) != 5 || len(versions) != 2 {
			t.Errorf("%d tasks with the numbers %v, %v", len(tasks), versions, err)
		}
		if tn.rowsOfAlice(t) != before {
			t.Error("alice's rows have changed")
		}
	})
}

func TestSeedTasksAddsNothingWithoutItsOwner(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	added, err := pool.As(alice).SeedTasks(t.Context(), db.SeedTasksParams{UserID: alice, Ids: []uuid.UUID{uuid.New()}, Titles: []string{"a"}, Completed: []bool{false}})
	if added != 0 || err != nil {
		t.Errorf("%d tasks, %v", added, err)
	}
}
