package db_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// createWithin makes a task of alice's if she has fewer than so many.
func createWithin(t *testing.T, pool *db.Pool, most int64, id uuid.UUID, revive bool) (db.CreateTaskRow, error) {
	t.Helper()
	return pool.CreateTask(t.Context(), db.CreateTaskParams{
		UserID: alice, ID: id, Title: "a", Priority: "low", Tags: []string{}, MaxTasks: &most, Revive: revive,
	})
}

func TestCreateTaskWithinMaxTasks(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	create(t, pool, db.CreateTaskParams{UserID: bob, ID: uuid.New(), Title: "bob's", Priority: "low", Tags: []string{}})
	const most = 3
	var ids []uuid.UUID
	for range most {
		ids = append(ids, uuid.New())
		if row, err := createWithin(t, pool, most, ids[len(ids)-1], false); err != nil || !row.Created {
			t.Fatal(row, err)
		}
	}
	version, err := pool.As(alice).GetVersion(t.Context(), db.GetVersionParams{UserID: alice})
	if err != nil {
		t.Fatal(err)
	}
	for _, revive := range []bool{false, true} {
		if row, err := createWithin(t, pool, most, uuid.New(), revive); !errors.Is(err, db.ErrTooManyTasks) {
			t.Errorf("one too many: %v, %v", row, err)
		}
		if row, err := createWithin(t, pool, most, ids[0], revive); err != nil || row.Created || row.Task.ID != ids[0] {
			t.Errorf("a retry: %v, %v", row, err)
		}
	}
	if now, err := pool.As(alice).GetVersion(t.Context(), db.GetVersionParams{UserID: alice}); err != nil || now != version {
		t.Errorf("what is refused changes the counter from %d to %d, %v", version, now, err)
	}
	if _, err := pool.DeleteTask(t.Context(), db.DeleteTaskParams{UserID: alice, ID: ids[0]}); err != nil {
		t.Fatal(err)
	}
	if _, err := createWithin(t, pool, most, ids[0], false); !errors.Is(err, db.ErrDeleted) {
		t.Errorf("a late retry: %v", err)
	}
	if row, err := createWithin(t, pool, most, ids[0], true); err != nil || !row.Created {
		t.Errorf("in the place of a deleted one: %v, %v", row, err)
	}
	if _, err := createWithin(t, pool, most-1, uuid.New(), false); !errors.Is(err, db.ErrTooManyTasks) {
		t.Errorf("with a limit below what there is: %v", err)
	}
	if row, err := createWithin(t, pool, most+1, uuid.New(), false); err != nil || !row.Created {
		t.Errorf("with a higher limit: %v, %v", row, err)
	}
}

// TestCreateTaskAtOnceNeverExceedsMaxTasks creates on two servers, for a user who never
// wrote and for one who has room for one more.
func TestCreateTaskAtOnceNeverExceedsMaxTasks(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pools := []*db.Pool{dbtest.Pool(t, url), dbtest.Pool(t, url)}
	for _, most := range []int64{5, 6} {
		var mu sync.Mutex
		made := 0
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				row, err := createWithin(t, pools[n%2], most, uuid.New(), n%4 == 3)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && row.Created:
					made++
				case !errors.Is(err, db.ErrTooManyTasks):
					t.Errorf("%v, %v", row, err)
				}
			})
		}
		all.Wait()
		want := map[int64]int{5: 5, 6: 1}[most]
		if stored := dbtest.Value[int64](t, url, "SELECT count(*) FROM tasks"); stored != most || made != want {
			t.Errorf("%d made and %d stored of %d", made, stored, most)
		}
	}
}
