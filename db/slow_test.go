package db_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestLanesKeepSomeFromUsersWhoseRequestsAreSlow has as many slow users as there are
// lanes: half of them wait, and others do not.
func TestLanesKeepSomeFromUsersWhoseRequestsAreSlow(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	lanes := pool.Stats().Heavy.Max
	var wg sync.WaitGroup
	sleep := func(seconds float64) {
		for n := range lanes {
			wg.Go(func() {
				var nothing any
				err := pool.Scope(fmt.Sprint("slow", n)).QueryRow(t.Context(), fmt.Sprintf("SELECT pg_sleep(%f)::text", seconds)).Scan(&nothing)
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	sleep(0.5)
	wg.Wait()
	sleep(1.5)
	eventually(t, "half of the slow users wait", func() bool {
		s := pool.Stats().Heavy
		return s.Busy == lanes/2 && s.Waiting == lanes-lanes/2
	})
	if _, err := pool.As(alice).GetAccount(t.Context(), db.GetAccountParams{UserID: alice}); err != nil && err != db.ErrNotFound {
		t.Error(err)
	}
	wg.Wait()
	eventually(t, "the lanes are free", func() bool { return pool.Stats().Heavy.Busy == 0 })
}

// TestLanesTakeNobodyForSlowWhenTheDatabaseIsAway has every user wait for a database that
// is away: afterwards they are served as before.
func TestLanesTakeNobodyForSlowWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL)
	lanes := pool.Stats().Heavy.Max
	account := func(n int) error {
		user := fmt.Sprint("user", n)
		_, err := pool.As(user).GetAccount(t.Context(), db.GetAccountParams{UserID: user})
		return err
	}
	proxy.Stall(true)
	var wg sync.WaitGroup
	for n := range lanes {
		wg.Go(func() {
			if err := account(n); !errors.Is(err, db.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	proxy.Stall(false)
	for n := range lanes {
		if err := account(n); err != nil && !errors.Is(err, db.ErrNotFound) {
			t.Error(err)
		}
	}
	if slow := pool.SlowUsers(); len(slow) > 0 {
		t.Errorf("taken for slow: %v", slow)
	}
}
