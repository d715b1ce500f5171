package db_test

import (
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestStopPreparingReplacesTheConnectionsBeforeItReturns has many find out at once that the
// pooler does not keep statements apart: who went on early would get a connection that
// still knows some.
func TestStopPreparingReplacesTheConnectionsBeforeItReturns(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for range dbtest.Scale(25, 100) {
		pool := dbtest.Pool(t, url+"&pool_max_conns=1")
		if err := pool.Warm(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		// Those who only look keep the pool's lock busy.
		stopped := make(chan struct{})
		var lookers, all sync.WaitGroup
		for range 16 {
			lookers.Go(func() {
				for pool.Idle() >= 0 {
					select {
					case <-stopped:
						return
					default:
					}
				}
			})
		}
		for range 16 {
			all.Go(func() {
				pool.StopPreparing()
				if idle := pool.Idle(); idle > 0 {
					t.Errorf("%d old connection is in use again", idle)
				}
			})
		}
		all.Wait()
		close(stopped)
		lookers.Wait()
		pool.Close()
	}
}
