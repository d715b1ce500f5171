package db_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestExportThatWaitsForARewriteIsWhole has an export meet a migration that writes
// the table anew.
func TestExportThatWaitsForARewriteIsWhole(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}})
		export(t, pool)
		migration := connect(t, url)
		if _, err := migration.Exec(t.Context(), "BEGIN; ALTER TABLE tasks ADD random uuid DEFAULT gen_random_uuid()"); err != nil {
			t.Fatal(err)
		}
		exported := make(chan []db.Task)
		go func() { exported <- export(t, pool) }()
		dbtest.WaitForLock(t, url)
		if _, err := migration.Exec(t.Context(), "COMMIT"); err != nil {
			t.Fatal(err)
		}
		if tasks := <-exported; len(tasks) != 1 {
			t.Errorf("an export of one task has %d", len(tasks))
		}
	})
}

func TestExportIsTheUsersOwnInOneRoundTrip(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			tn := newTenants(t, dbtest.NeonOwner, options...)
			proxy := dbtest.NewProxy(t, tn.url)
			pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1", options...)
			for range 2 {
				proxy.Reset()
				var user *db.GetUserRow
				var tasks []db.Task
				err := pool.Export(t.Context(), alice, &exporter{
					begin: func(u *db.GetUserRow) error { user = u; return nil },
					add:   func(task db.Task) bool { tasks = append(tasks, task); return true },
				})
				if err != nil || user == nil || user.ID != alice || len(tasks) != 1 || tasks[0].ID != tn.secret {
					t.Errorf("%+v, %+v, %v", user, tasks, err)
				}
			}
			if n := proxy.RoundTrips(); n != 1 {
				t.Errorf("%d round trips", n)
			}
			gone := errors.New("the reader has gone")
			if err := pool.Export(t.Context(), alice, &exporter{begin: func(*db.GetUserRow) error { return gone }}); !errors.Is(err, gone) {
				t.Errorf("%v", err)
			}
			if left := pool.Leftovers(t.Context()); left != "" {
				t.Error(left)
			}
		})
	}
}

// exporter does what it is told, and what it is not told about well.
type exporter struct {
	begin func(*db.GetUserRow) error
	add   func(db.Task) (room bool)
	send  func() error
}

func (x *exporter) Begin(user *db.GetUserRow) error {
	if x.begin == nil {
		return nil
	}
	return x.begin(user)
}

func (x *exporter) Add(task *db.Task) (room bool, err error) {
	return x.add == nil || x.add(*task), nil
}

func (x *exporter) Send() error {
	if x.send == nil {
		return nil
	}
	return x.send()
}

// export returns Alice's tasks.
func export(t *testing.T, pool *db.Pool) []db.Task {
	t.Helper()
	var tasks []db.Task
	err := pool.Export(t.Context(), alice, &exporter{add: func(task db.Task) bool { tasks = append(tasks, task); return true }})
	if err != nil {
		t.Error(err)
	}
	return tasks
}
