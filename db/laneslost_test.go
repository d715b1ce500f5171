package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestConnectionThatDiesUnderABatchLosesNoAnswer has nine reads on one lane, of which the
// fourth waits for a lock when its backend is terminated: three have their answers then.
func TestConnectionThatDiesUnderABatchLosesNoAnswer(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, url string) {
		unlock := dbtest.Hold(t, url, "SELECT pg_advisory_xact_lock(1)")
		var requests []func()
		for i := range 9 {
			user := fmt.Sprint("user", i)
			if i != 3 {
				requests = append(requests, mustGetOwn(t, pool, user))
				continue
			}
			requests = append(requests, func() {
				var got string
				err := pool.Scope(user).QueryRow(t.Context(), named("GetTask", "SELECT current_setting('app.user_id') FROM pg_advisory_xact_lock_shared(1)")).Scan(&got)
				if err != nil || got != user {
					t.Errorf("%s, who waited: %s, %v", user, got, err)
				}
			})
		}
		release, done := queue(t, pool, requests...)
		release()
		pid := dbtest.WaitForLock(t, url)
		dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid))
		eventually(t, "the fourth is sent again", func() bool { return pool.Stats().Reads.Requests > 10 })
		unlock()
		done()
		if s := pool.Stats().Reads; s.Requests != 1+9+6 {
			t.Errorf("six of nine were to be sent again: %+v", s)
		}
		mustBeIdle(t, pool)
	})
}

// TestBatchThatIsLostLosesNoAnswer loses the one write to the network, or the beginning
// of what comes back.
func TestBatchThatIsLostLosesNoAnswer(t *testing.T) {
	t.Parallel()
	for name, r := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
			pool := dbtest.Pool(t, proxy.URL+"&pool_max_conns=1"+r.parameter, r.options...)
			for _, lose := range []func(){proxy.LoseRequest, proxy.LoseAnswer} {
				// The connection is to know the statement.
				mustGetOwn(t, pool, alice)()
				var requests []func()
				for i := range 16 {
					requests = append(requests, mustGetOwn(t, pool, fmt.Sprint("user", i)))
				}
				release, done := queue(t, pool, requests...)
				before := pool.Stats().Reads
				lose()
				release()
				done()
				if s := pool.Stats().Reads; s.Requests != before.Requests+32 || !proxy.Lost() {
					t.Errorf("16 requests were to be sent twice: %+v, then %+v", before, s)
				}
			}
			mustBeIdle(t, pool)
		})
	}
}

// TestScopeThatFailsLeavesTheOthersTheirOwnResults has requests fail before their queries
// came to run, so that their results are fewer than those behind them expect.
func TestScopeThatFailsLeavesTheOthersTheirOwnResults(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, _ string) {
		made := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "of alice", Priority: "low", Tags: []string{"a", "b"}}).Task
		read := func() {
			task, err := pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.ID})
			if err != nil || task.Title != "of alice" || task.Version != made.Version {
				t.Errorf("%+v, %v", task, err)
			}
			tasks, version, err := list(t.Context(), pool, alice, 10)
			if err != nil || len(tasks) != 1 || version != made.Version {
				t.Errorf("%+v at %d, %v", tasks, version, err)
			}
		}
		refused := func(sql string) func() {
			return func() {
				if _, err := pool.Scope("no text \x00").Query(t.Context(), named("GetTask", sql)); err == nil || errors.Is(err, db.ErrUnavailable) {
					t.Errorf("a user who is no text: %v", err)
				}
			}
		}
		release, done := queue(t, pool,
			mustGetOwn(t, pool, bob),
			refused("SELECT 1"),
			mustGetOwn(t, pool, "carol"),
			read,
			refused("SELECT 'text', 'and text', 'and text'"),
			mustGetOwn(t, pool, "dave"),
			mustGetOwn(t, pool, "erin"),
		)
		release()
		done()
		mustBeIdle(t, pool)
	})
}

// TestBatchEndsInTheTimeOfOneRequest has each request of a batch wait for a lock until
// PostgreSQL gives up, which may not add up.
func TestBatchEndsInTheTimeOfOneRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url+"&pool_max_conns=1")
	if _, err := pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice}); !errors.Is(err, db.ErrNotFound) {
		t.Fatal(err)
	}
	unlock := dbtest.Lock(t, url, "tasks")
	var requests []func()
	for i := range 16 {
		requests = append(requests, func() {
			user := fmt.Sprint("user", i)
			if _, err := pool.As(user).GetTask(t.Context(), db.GetTaskParams{UserID: user}); !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s: %v", user, err)
			}
		})
	}
	release, done := queue(t, pool, requests...)
	release()
	ended := make(chan struct{})
	go func() { done(); close(ended) }()
	// The sum of their limits is 160 seconds.
	eventually(t, "all have ended", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	unlock()
	<-ended
	mustBeIdle(t, pool)
}

// TestWriteIsAlone has writes wait for their lane, which must not share a fate.
func TestWriteIsAlone(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
		release := occupy(t, pool, "occupant", kind.query)
		done := make(chan struct{})
		for i := range 20 {
			go func() {
				user := fmt.Sprint("user", i)
				if _, err := pool.Scope(user).Exec(t.Context(), named(kind.query, "SELECT 1")); err != nil {
					t.Error(err)
				}
				done <- struct{}{}
			}()
		}
		eventually(t, "all wait", func() bool { return kind.stats(pool.Stats()).Waiting == 20 })
		release()
		for range 20 {
			<-done
		}
		s := kind.stats(pool.Stats())
		if want := int64(1 + (20+kind.size-1)/kind.size); s.Batches != want || s.Requests != 21 {
			t.Errorf("%s: %+v, want %d batches", kind.name, s, want)
		}
	}
}

// list is the newest tasks of a user, as a handler reads them.
func list(ctx context.Context, pool *db.Pool, user string, size int32) ([]db.Task, int64, error) {
	return pool.List(ctx, user, func(ctx context.Context, q *db.Queries) ([]db.Task, error) {
		return q.ListTasks(ctx, db.ListTasksParams{UserID: user, PageSize: size})
	})
}
