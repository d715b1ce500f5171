package db_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestUserHasAShareOfTheLanes has one user keep as many lanes as one may, with more
// waiting. Another's request takes a lane that is left.
func TestUserHasAShareOfTheLanes(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=24")
			var kept []func()
			for range kind.share {
				kept = append(kept, occupy(t, pool, alice, kind.query))
			}
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			var more sync.WaitGroup
			for n := range 30 {
				more.Go(func() {
					rows, err := pool.Scope(alice).Query(ctx, named(kind.query, "SELECT n FROM generate_series(1, 2) AS n"))
					if err == nil {
						<-ctx.Done()
						rows.Close()
					}
				})
				eventually(t, "she waits", func() bool { return kind.stats(pool.Stats()).Waiting == n+1 })
			}
			if s := kind.stats(pool.Stats()); s.Max != kind.lanes || s.Busy != kind.share {
				t.Errorf("her share of lanes is %d of %d: %+v", kind.share, kind.lanes, s)
			}
			asked := make(chan error, 1)
			go func() {
				var n int
				asked <- pool.Scope(bob).QueryRow(t.Context(), named(kind.query, "SELECT 1")).Scan(&n)
			}()
			// She keeps hers until he has his answer.
			if err := <-asked; err != nil {
				t.Error(err)
			}
			leave()
			for _, release := range kept {
				release()
			}
			more.Wait()
			mustBeIdle(t, pool)
		})
	}
}

// TestUsersTakeTurns has one user with 60 requests, then 20 with five each, and then
// one with a single one, all waiting for one lane. The database says in which order it
// served them.
func TestUsersTakeTurns(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
			release := occupy(t, pool, "occupant", kind.query)
			type served struct {
				at   time.Time
				user string
			}
			var mu sync.Mutex
			var all []served
			var wg sync.WaitGroup
			waiting := 0
			ask := func(user string, requests int) {
				for range requests {
					wg.Go(func() {
						var at time.Time
						if err := pool.Scope(user).QueryRow(t.Context(), named(kind.query, "SELECT clock_timestamp()")).Scan(&at); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						defer mu.Unlock()
						all = append(all, served{at, user})
					})
					waiting++
				}
				eventually(t, "they wait", func() bool { return kind.stats(pool.Stats()).Waiting == waiting })
			}
			ask(alice, 60)
			for n := range 20 {
				ask(fmt.Sprint("user", n), 5)
			}
			ask(bob, 1)
			release()
			wg.Wait()
			slices.SortFunc(all, func(a, b served) int { return a.at.Compare(b.at) })
			var order []string
			for _, s := range all {
				order = append(order, s.user)
			}
			// In each round everybody is served, give or take a batch: 22 users at first, and
			// then 21.
			for round := range 5 {
				count := map[string]int{}
				for _, user := range order[:22+21*round+kind.size] {
					count[user]++
				}
				for n := range 20 {
					if user := fmt.Sprint("user", n); count[user] < round+1 && count[user] < 5 {
						t.Errorf("in round %d %s was served %d times: %s", round, user, count[user], strings.Join(order, " "))
					}
				}
				if count[bob] == 0 || count[alice] > round+1+kind.size {
					t.Errorf("in round %d alice was served %d times, and bob %d times", round, count[alice], count[bob])
				}
			}
		})
	}
}

// TestSlowQueryHoldsUpNobodyOnOtherLanes has one reader keep a lane while many come by.
func TestSlowQueryHoldsUpNobodyOnOtherLanes(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=24")
	release := occupy(t, pool, alice, "GetTask")
	var wg sync.WaitGroup
	for n := range 200 {
		wg.Go(mustGetOwn(t, pool, fmt.Sprint("user", n%40)))
	}
	wg.Wait()
	release()
	mustBeIdle(t, pool)
}

// TestWritesWaitForTheirCommitsAtTheSameTime has each commit wait, as for a slow disk:
// as many are under way as there are lanes, and reads pass them.
func TestWritesWaitForTheirCommitsAtTheSameTime(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			pool := dbtest.Pool(t, url+"&pool_max_conns=24", options...)
			dbtest.Exec(t, url, `
				CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN new; END $$;
				CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`)
			for _, writers := range []int{5, 30} {
				unlock := dbtest.Hold(t, url, "SELECT pg_advisory_xact_lock(1)")
				var wg sync.WaitGroup
				for n := range writers {
					user := fmt.Sprint(mode, writers, " user", n)
					wg.Go(func() {
						row, err := pool.CreateTask(t.Context(), db.CreateTaskParams{UserID: user, ID: uuid.New(), Title: "of " + user, Priority: "low", Tags: []string{}})
						if err != nil || row.Task.Title != "of "+user {
							t.Errorf("%s: %+v, %v", user, row, err)
						}
					})
				}
				eventually(t, "all lanes wait for commits", func() bool {
					return dbtest.Value[int](t, url, "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()") == min(writers, 14)
				})
				mustGetOwn(t, pool, alice)()
				unlock()
				wg.Wait()
			}
			mustBeIdle(t, pool)
		})
	}
}

// TestBatchIsReadAsItComes has 16 lists of a megabyte in one batch: while one is read, the
// others are in the database and in the network. It runs while no other test does.
func TestBatchIsReadAsItComes(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url+"&pool_max_conns=1")
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), `
		INSERT INTO users (id) SELECT 'user' || n FROM generate_series(0, 15) AS n;
		INSERT INTO tasks (user_id, id, title, description)
		SELECT id, gen_random_uuid(), 'of ' || id, repeat('d', 1000) FROM users, generate_series(1, 1000)`)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before uint64
	var requests []func()
	for i := range 16 {
		user := fmt.Sprint("user", i)
		requests = append(requests, func() {
			sql, args := dbtest.Call("ListTasks", db.ListTasksParams{UserID: user, PageSize: 1000})
			rows, err := pool.Scope(user).Query(t.Context(), sql, args...)
			if err != nil {
				t.Error(err)
				return
			}
			defer rows.Close()
			count := 0
			for ; rows.Next(); count++ {
				if owner := string(rows.RawValues()[0]); owner != user {
					t.Errorf("%s reads a task of %s", user, owner)
				}
				if count != 500 {
					continue
				}
				if now := heap(); now > before+1<<20 {
					t.Errorf("in the middle of the list of %s the heap has grown from %d to %d", user, before, now)
				}
			}
			if count != 1000 || rows.Err() != nil {
				t.Errorf("%s has %d tasks, %v", user, count, rows.Err())
			}
		})
	}
	release, done := queue(t, pool, requests...)
	before = heap()
	release()
	done()
	if s := pool.Stats().Reads; s.Batches != 2 {
		t.Errorf("they did not share a batch: %+v", s)
	}
}
