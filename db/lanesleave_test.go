package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestClientThatLeavesWhileItWaitsGivesItsPlaceUp(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, _ string) {
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		release, done := queue(t, pool,
			mustGetOwn(t, pool, alice),
			func() { _, err := askOwn(ctx, pool, bob, "never read"); left <- err },
			mustGetOwn(t, pool, "carol"),
		)
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, db.ErrUnavailable) {
			t.Errorf("who left: %v", err)
		}
		if s := pool.Stats().Reads; s.Waiting != 2 || s.Busy != 1 {
			t.Errorf("two wait: %+v", s)
		}
		var back sync.WaitGroup
		back.Go(mustGetOwn(t, pool, bob))
		eventually(t, "he waits again", func() bool { return pool.Stats().Reads.Waiting == 3 })
		release()
		done()
		back.Wait()
		if s := pool.Stats().Reads; s.Requests != 4 || s.Batches != 2 {
			t.Errorf("who left was sent: %+v", s)
		}
		mustBeIdle(t, pool)
	})
}

// TestClientThatLeavesOnALaneLeavesTheOthersTheirAnswers has the first of a batch pause,
// and one behind it leave, whose answer is on its way already.
func TestClientThatLeavesOnALaneLeavesTheOthersTheirAnswers(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, _ string) {
		ctx, leave := context.WithCancel(t.Context())
		first, goOn := make(chan struct{}), make(chan struct{})
		release, done := queue(t, pool,
			func() {
				rows, err := pool.Scope(alice).Query(t.Context(), named("GetTask", "SELECT n FROM generate_series(1, 2) AS n"))
				close(first)
				<-goOn
				if err != nil {
					t.Error(err)
					return
				}
				if rows.Close(); rows.Err() != nil {
					t.Error(rows.Err())
				}
			},
			func() {
				if _, err := askOwn(ctx, pool, bob, "late"); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			},
			mustGetOwn(t, pool, "carol"),
			mustGetOwn(t, pool, "dave"),
		)
		release()
		<-first
		leave()
		if s := pool.Stats().Reads; s.Busy != 1 || s.Waiting != 0 {
			t.Errorf("all are on the lane: %+v", s)
		}
		close(goOn)
		done()
		if s := pool.Stats().Reads; s.Requests != 5 || s.Batches != 2 {
			t.Errorf("something was sent again: %+v", s)
		}
		mustBeIdle(t, pool)
	})
}

// TestClientThatLeavesBeforeItsBatchIsSent has a batch wait for the one connection, which
// a write holds. Nobody gets an error of the database because of those who have left.
func TestClientThatLeavesBeforeItsBatchIsSent(t *testing.T) {
	t.Parallel()
	forEachReader(t, func(t *testing.T, pool *db.Pool, _ string) {
		ctx, leave := context.WithCancel(t.Context())
		write := occupy(t, pool, "writer", "UpdateTask")
		alone := make(chan error, 1)
		go func() { _, err := askOwn(ctx, pool, alice, "never sent"); alone <- err }()
		eventually(t, "the read is on its lane", func() bool { return pool.Stats().Reads.Busy == 1 })
		leave()
		if err := <-alone; !errors.Is(err, context.Canceled) {
			t.Errorf("alone: %v", err)
		}
		eventually(t, "the lane is free", func() bool { return pool.Stats().Reads.Busy == 0 })
		write()

		ctx, leave = context.WithCancel(t.Context())
		release, done := queue(t, pool,
			func() {
				if _, err := askOwn(ctx, pool, alice, "late"); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			},
			mustGetOwn(t, pool, bob),
			mustGetOwn(t, pool, "carol"),
		)
		// The write is the next in turn for the connection.
		written := make(chan func(), 1)
		go func() { written <- occupy(t, pool, "writer", "UpdateTask") }()
		eventually(t, "the write waits for the connection", func() bool { return pool.WaitingForConnections() == 1 })
		release()
		write = <-written
		eventually(t, "the batch waits for the connection", func() bool { return pool.WaitingForConnections() == 1 && pool.Stats().Reads.Waiting == 0 })
		leave()
		write()
		done()
		if s := pool.Stats().Reads; s.Requests != 5 {
			t.Errorf("the batch was sent again: %+v", s)
		}
		mustBeIdle(t, pool)
	})
}

// TestClientsThatLeaveKeepNoPlace has many come and leave while a lane is busy: what the
// lanes remember must not grow with them.
func TestClientsThatLeaveKeepNoPlace(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
	release, done := queue(t, pool, mustGetOwn(t, pool, "patient"))
	for n := range 100 {
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := askOwn(ctx, pool, fmt.Sprint("user", n%2), "never read"); left <- err }()
		eventually(t, "it waits", func() bool { return pool.Stats().Reads.Waiting == 2 })
		leave()
		<-left
	}
	if ready, users := pool.Ready(), pool.KnownUsers(); ready != 1 || users != 2 {
		t.Errorf("of those who left, the lanes remember: %d in turn, %d users", ready, users)
	}
	release()
	done()
	mustBeIdle(t, pool)
}

// TestClientsThatLeaveLeaveNoGoroutine runs while no other test does.
func TestClientsThatLeaveLeaveNoGoroutine(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	before := runtime.NumGoroutine()
	pool := dbtest.Pool(t, url+"&pool_max_conns=4")
	var wg sync.WaitGroup
	for n := range 400 {
		wg.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			timer := time.AfterFunc(rand.N(5*time.Millisecond), leave)
			defer timer.Stop()
			defer leave()
			user := fmt.Sprint("user", n%50)
			if _, err := askOwn(ctx, pool, user, "a request of "+user); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mustBeIdle(t, pool)
	pool.Close()
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestPoolThatClosesEndsEveryRequest has requests in the database, behind those on their
// lanes, and waiting.
func TestPoolThatClosesEndsEveryRequest(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url+"&pool_max_conns=2")
	goroutines := runtime.NumGoroutine()
	unlock := dbtest.Hold(t, url, "SELECT pg_advisory_xact_lock(1)")
	var wg sync.WaitGroup
	blocked := func(query, user string) {
		wg.Go(func() {
			var n int
			err := pool.Scope(user).QueryRow(t.Context(), named(query, "SELECT 1 FROM pg_advisory_xact_lock_shared(1)")).Scan(&n)
			if err != nil && !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s of %s: %v", query, user, err)
			}
		})
	}
	for _, kind := range kinds {
		for n := range 40 {
			blocked(kind.query, fmt.Sprint("user", n))
		}
	}
	eventually(t, "two requests are in the database", func() bool {
		return dbtest.Value[int](t, url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 2
	})
	eventually(t, "the others wait", func() bool {
		s := pool.Stats()
		return s.Reads.Waiting+s.Writes.Waiting+s.Heavy.Waiting+s.Reads.Busy+s.Writes.Busy+s.Heavy.Busy == 120
	})
	closed := make(chan struct{})
	go func() { pool.Close(); close(closed) }()
	eventually(t, "the pool is closing", func() bool { return errors.Is(pool.Ping(t.Context()), db.ErrUnavailable) })
	unlock()
	wg.Wait()
	<-closed
	mustBeIdle(t, pool)
	if _, err := askOwn(t.Context(), pool, alice, "late"); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("behind the end: %v", err)
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// TestExportWhoseReaderPanicsGivesItsLaneBack has a handler abort its reply.
func TestExportWhoseReaderPanicsGivesItsLaneBack(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
	for range 2 {
		func() {
			defer func() { _ = recover() }()
			_ = pool.Export(t.Context(), alice, &exporter{begin: func(*db.GetUserRow) error { panic("aborted") }})
		}()
	}
	if s := pool.Stats().Exports; s.Busy != 0 {
		t.Errorf("%+v", s)
	}
}
