package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// kinds are those of the lanes, each with a query that is on them, and how many there are
// on 16 connections, a user's share of them, and how many requests one carries.
var kinds = []struct {
	name, query        string
	stats              func(db.Stats) db.LaneStats
	lanes, share, size int
}{
	{"reads", "GetTask", func(s db.Stats) db.LaneStats { return s.Reads }, 4, 2, 16},
	{"writes", "UpdateTask", func(s db.Stats) db.LaneStats { return s.Writes }, 14, 4, 1},
	{"heavy", "GetAccount", func(s db.Stats) db.LaneStats { return s.Heavy }, 4, 2, 1},
}

// readers are the ways to send a read, on a pool of one connection: one lane of each kind.
var readers = map[string]struct {
	parameter string
	options   []db.Option
}{
	"prepared":    {"", nil},
	"unprepared":  {"&default_query_exec_mode=exec", nil},
	"distributed": {"", []db.Option{db.WithDistributed}},
}

func forEachReader(t *testing.T, test func(t *testing.T, pool *db.Pool, url string)) {
	for name, r := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			test(t, dbtest.Pool(t, url+"&pool_max_conns=1"+r.parameter, r.options...), url)
		})
	}
}

// named is SQL that passes for a generated query, and so is on the lanes of that one.
func named(query, sql string) string { return "-- name: " + query + " :many\n" + sql }

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// occupy has a query of a user take a lane, and read its rows only when release is called
// or the test ends.
func occupy(t *testing.T, pool *db.Pool, user, query string) (release func()) {
	t.Helper()
	rows, err := pool.Scope(user).Query(t.Context(), named(query, "SELECT n FROM generate_series(1, 2) AS n"))
	if err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(rows.Close)
	t.Cleanup(release)
	return release
}

// queue has requests wait for the one lane of reads, in their order. When release is
// called, they go together; done waits for their ends.
func queue(t *testing.T, pool *db.Pool, requests ...func()) (release, done func()) {
	t.Helper()
	release = occupy(t, pool, "occupant", "GetTask")
	var wg sync.WaitGroup
	for i, request := range requests {
		wg.Go(request)
		eventually(t, "another request waits", func() bool { return pool.Stats().Reads.Waiting == i+1 })
	}
	return release, wg.Wait
}

// own is a request of a user that yields who it is to the database, what it was sent,
// and a number of its transaction.
const own = "SELECT current_setting('app.user_id') || ' ' || current_user || ' ' || $1::text, pg_current_xact_id()::text FROM generate_series(1, 3)"

// askOwn checks that the answer is that to the user's own request. It returns the
// transaction.
func askOwn(ctx context.Context, pool *db.Pool, user, tag string) (transaction string, err error) {
	rows, err := pool.Scope(user).Query(ctx, named("GetTask", own), tag)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var got string
		if err := rows.Scan(&got, &transaction); err != nil {
			return "", err
		}
		if got != user+" todo_app "+tag {
			return "", fmt.Errorf("%s asked %s and was told %s", user, tag, got)
		}
	}
	if rows.Close(); rows.Err() == nil && count != 3 {
		return "", fmt.Errorf("%d rows", count)
	}
	return transaction, rows.Err()
}

// mustGetOwn is askOwn until the answer is there.
func mustGetOwn(t *testing.T, pool *db.Pool, user string) func() {
	return func() {
		if _, err := askOwn(t.Context(), pool, user, "a request of "+user); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
}

func mustBeIdle(t *testing.T, pool *db.Pool) {
	t.Helper()
	for _, kind := range kinds {
		if s := kind.stats(pool.Stats()); s.Busy != 0 || s.Waiting != 0 {
			t.Errorf("%s in the end: %+v", kind.name, s)
		}
	}
	if n := pool.KnownUsers(); n != 0 {
		t.Errorf("the lanes know %d users in the end", n)
	}
}

// broken are requests that fail in each place where a query can: while its arguments are
// encoded, its statement prepared, its row made, and behind its first rows.
var broken = []struct {
	name, sql string
	args      []any
}{
	{"an argument of another type", "SELECT $1::uuid", []any{"none"}},
	{"an argument of no type", "SELECT $1::text", []any{make(chan int)}},
	{"no such column", "SELECT no_such_column FROM tasks", nil},
	{"no division", "SELECT 1 / (n - 1) FROM generate_series(1, 5) AS n", nil},
	{"behind two rows", "SELECT 1 / (n - 3) FROM generate_series(1, 5) AS n", nil},
	{"no privilege", "SELECT rolpassword::text FROM pg_authid", nil},
}

// TestErrorLeavesTheOthersOfItsBatchAlone has 16 requests on one lane, of which six
// fail, the first and the last among them.
func TestErrorLeavesTheOthersOfItsBatchAlone(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, _ string) {
		var mu sync.Mutex
		transactions := map[string]bool{}
		var requests []func()
		for i := range 16 {
			user := fmt.Sprint("user", i)
			at := map[int]int{0: 1, 2: 2, 3: 3, 5: 4, 8: 5, 15: 6}[i]
			if at == 0 {
				requests = append(requests, func() {
					transaction, err := askOwn(t.Context(), pool, user, "a request of "+user)
					if err != nil {
						t.Errorf("%s: %v", user, err)
					}
					mu.Lock()
					defer mu.Unlock()
					transactions[transaction] = true
				})
				continue
			}
			requests = append(requests, func() {
				b := broken[at-1]
				rows, err := pool.Scope(user).Query(t.Context(), named("GetTask", b.sql), b.args...)
				if err == nil {
					rows.Close()
					err = rows.Err()
				}
				if err == nil || errors.Is(err, db.ErrUnavailable) {
					t.Errorf("%s: %v", b.name, err)
				}
			})
		}
		release, done := queue(t, pool, requests...)
		before := pool.Stats().Reads
		release()
		done()
		after := pool.Stats().Reads
		if after.Batches != before.Batches+1 || after.Requests != before.Requests+16 {
			t.Errorf("the requests did not share a batch: %+v, then %+v", before, after)
		}
		if len(transactions) != 10 {
			t.Errorf("10 requests were %d transactions", len(transactions))
		}
		mustBeIdle(t, pool)
		if left := pool.Leftovers(t.Context()); left != "" {
			t.Error(left)
		}
	})
}

// TestPoolCountsItsRequests has some alone, some together, and one that leaves.
func TestPoolCountsItsRequests(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	if s, want := dbtest.Pool(t, url).Stats(), (db.Stats{
		Reads: db.LaneStats{Max: 4}, Writes: db.LaneStats{Max: 14}, Heavy: db.LaneStats{Max: 4}, Exports: db.LaneStats{Max: 2},
	}); s != want {
		t.Errorf("%+v at first, want %+v", s, want)
	}
	pool := dbtest.Pool(t, url+"&pool_max_conns=1")
	mustGetOwn(t, pool, alice)()
	release, done := queue(t, pool, mustGetOwn(t, pool, alice), mustGetOwn(t, pool, bob), mustGetOwn(t, pool, alice))
	if s := pool.Stats().Reads; s != (db.LaneStats{Max: 1, Busy: 1, Waiting: 3, Batches: 2, Requests: 2}) {
		t.Errorf("while three wait: %+v", s)
	}
	release()
	done()
	useOwn := useOwnTasks(t.Context(), pool, alice) // AddTask, CreateTask, CompleteTask, DeleteTask, and one list
	waited := pool.Stats().Reads.Waited
	if s := pool.Stats(); waited <= 0 || s.Reads != (db.LaneStats{Max: 1, Batches: 5, Requests: 6, Waits: 3, Waited: waited}) || s.Writes != (db.LaneStats{Max: 1, Batches: 4, Requests: 4}) || s.Heavy.Requests != 0 || useOwn != nil {
		t.Errorf("in the end: %+v, %v", s, useOwn)
	}
	if tasks := export(t, pool); len(tasks) != 0 || pool.Stats().Exports.Requests != 1 {
		t.Errorf("an export of %d: %+v", len(tasks), pool.Stats().Exports)
	}
	if c := pool.Connections(); c.Max != 1 || c.Opened != 1 || c.Idle+c.InUse != 1 {
		t.Errorf("of one connection: %+v", c)
	}
}

// TestPoolRefusesWhatNeitherWaitsNorComesOn has as many wait as may, and another wait
// longer than a request does.
func TestPoolRefusesWhatNeitherWaitsNorComesOn(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
	occupy(t, pool, alice, "GetTask")
	pool.AddWaiting(10_000)
	if _, err := askOwn(t.Context(), pool, bob, "no place"); !errors.Is(err, db.ErrUnavailable) || !errors.Is(err, db.ErrQueueFull) {
		t.Errorf("no place: %v", err)
	}
	pool.AddWaiting(-1)
	pool.AddWaitingOf(alice, 1_000)
	if _, err := askOwn(t.Context(), pool, alice, "no place of hers"); !errors.Is(err, db.ErrUnavailable) || !errors.Is(err, db.ErrQueueFull) {
		t.Errorf("no place of hers: %v", err)
	}
	pool.AddWaitingOf(alice, 0)
	if _, err := askOwn(t.Context(), pool, bob, "no lane"); !errors.Is(err, db.ErrUnavailable) || !errors.Is(err, db.ErrNoLane) {
		t.Errorf("no lane in time: %v", err)
	}
	pool.AddWaiting(-9_999)
	if s := pool.Stats().Reads; s.Waiting != 0 || s.Busy != 1 || s.Requests != 1 || s.Full != 2 || s.Late != 1 || pool.KnownUsers() != 1 {
		t.Errorf("%+v, %d users", s, pool.KnownUsers())
	}
}
