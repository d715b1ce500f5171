package db_test

import (
	"errors"
	"sync"
	"sync/atomic"
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
// wrote, for one who has room for a few, and where the statement begins to be strict.
func TestCreateTaskAtOnceNeverExceedsMaxTasks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ there, most, want int }{
		"the first tasks":  {0, 5, 5},
		"the last task":    {4, 5, 1},
		"the last of many": {147, 150, 3},
		"room for many":    {45, 150, 16},
		"room for all":     {0, 1000, 16},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			pools := []*db.Pool{dbtest.Pool(t, url), dbtest.Pool(t, url)}
			if c.there > 0 {
				seedTasks(t, pools[0], alice, c.there)
			}
			var made atomic.Int64
			var all sync.WaitGroup
			for n := range 16 {
				all.Go(func() {
					row, err := createWithin(t, pools[n%2], int64(c.most), uuid.New(), n%4 == 3)
					switch {
					case err == nil && row.Created:
						made.Add(1)
					case !errors.Is(err, db.ErrTooManyTasks):
						t.Errorf("%v, %v", row, err)
					}
				})
			}
			all.Wait()
			if stored := dbtest.Value[int](t, url, "SELECT count(*) FROM tasks"); stored != c.there+c.want || made.Load() != int64(c.want) {
				t.Errorf("%d made and %d stored", made.Load(), stored)
			}
		})
	}
}
