package db_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// tooLong is what a user need not wait for on a machine that is ten times slower than a
// quiet one. The network's own time-outs are longer.
const tooLong = 15 * time.Second

// crowd has that many users at once each read their task until it is answered, and
// returns how many were told that the database is unavailable, however often.
func crowd(t *testing.T, pool *db.Pool, users int) {
	t.Helper()
	var wg sync.WaitGroup
	start := time.Now()
	for n := range users {
		wg.Go(func() {
			user := fmt.Sprint("user", n)
			for {
				_, err := pool.As(user).ListTasks(t.Context(), db.ListTasksParams{UserID: user, PageSize: 10})
				if err == nil || !errors.Is(err, db.ErrUnavailable) || time.Since(start) > tooLong {
					if err != nil {
						t.Errorf("%s after %s: %v", user, time.Since(start), err)
					}
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d users after %s", users, time.Since(start))
	if took := time.Since(start); took > tooLong {
		t.Errorf("%d users were served after %s", users, took)
	}
}

// TestPoolIsNormalSoonAfterItsConnectionsWentSilent has all connections lead to nobody,
// as behind a failover or a NAT that forgot them.
func TestPoolIsNormalSoonAfterItsConnectionsWentSilent(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL)
	for _, idle := range []bool{false, true} {
		t.Run(fmt.Sprint("idle ", idle), func(t *testing.T) {
			if err := pool.Warm(t.Context(), 24); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if idle {
				pool.Age(t.Context(), time.Minute)
			}
			proxy.Freeze()
			crowd(t, pool, 50)
			if err := pool.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPoolIsNormalSoonAfterConnectingHung(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL)
	proxy.Stall(true)
	_, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 10})
	if !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	proxy.Stall(false)
	crowd(t, pool, 50)
}

// TestPoolMakesAFewConnectionsAtOnce has more requests ask for a connection than are made
// at once: those who wait together at a pooler, or for a processor, would all be late.
func TestPoolMakesAFewConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL)
	proxy.Stall(true)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if _, err := pool.CreateTask(t.Context(), aTask(fmt.Sprint("user", n))); !errors.Is(err, db.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// The connection of the first that is given up may be closed when the next is open.
	if n := proxy.MostStalled(); n == 0 || n > 8 {
		t.Errorf("%d connections were made at once", n)
	}
	proxy.Stall(false)
	crowd(t, pool, 20)
}

// TestPoolFreesThePlaceOfASilentConnectionAtOnce has one connection alone, whose closing
// nobody answers either.
func TestPoolFreesThePlaceOfASilentConnectionAtOnce(t *testing.T) {
	t.Parallel()
	for _, idle := range []time.Duration{0, time.Minute} {
		for mode, options := range modes {
			t.Run(fmt.Sprint(mode, " idle for ", idle), func(t *testing.T) {
				t.Parallel()
				proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
				pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1", options...)
				crowd(t, pool, 1)
				pool.Age(t.Context(), idle)
				proxy.Freeze()
				crowd(t, pool, 3)
			})
		}
	}
}

// TestPoolDoubtsAllConnectionsWhenOneIsDead counts the connections that a pool makes: the
// others are replaced without being tried first.
func TestPoolDoubtsAllConnectionsWhenOneIsDead(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	if err := pool.Warm(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "SELECT pg_terminate_backend(max(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	pool.Age(t.Context(), time.Minute)
	eventually(t, "the dead one is met", func() bool {
		if err := pool.Warm(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		return pool.Made() > 5
	})
	crowd(t, pool, 5)
	if made := pool.Made(); made < 9 {
		t.Errorf("%d connections were made, of 5 that one was dead of", made)
	}
}
