package http_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// TestHealthCalledAndLeftCostsTheDatabaseNothing has 200 clients leave before they have
// their answer. It counts the sessions that the database begins meanwhile.
func TestHealthCalledAndLeftCostsTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	a := serveDatabase(t, proxy.URL)
	a.offContract = true
	a.do("", "GET", "/health", "").must(t, 200)
	proxy.Naming("client_encoding", "-- ping")
	proxy.Reset()
	start := time.Now()
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, "GET", a.url+"/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		left := make(chan struct{})
		go func() {
			defer close(left)
			if response, err := http.DefaultClient.Do(request); err == nil {
				_ = response.Body.Close()
			}
		}()
		cancel()
		<-left
	}
	a.do("", "GET", "/health", "").must(t, 200)
	seconds := int(time.Since(start)/time.Second) + 1
	// One that has been idle is asked twice: whether it still works, and the question.
	if counts := proxy.Naming("client_encoding", "-- ping"); counts[0] != 0 || counts[1] > 2*seconds {
		t.Errorf("%d sessions were begun and %d questions asked in %d seconds", counts[0], counts[1], seconds)
	}
}

// TestProbesPassWhileTheDatabaseIsBusy has requests use up all connections, and a table be
// locked, for longer than a probe waits.
func TestProbesPassWhileTheDatabaseIsBusy(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	for name, url := range map[string]string{
		"directly":         database + "&pool_max_conns=4",
		"through a pooler": dbtest.NewPgBouncer(t, database, 6, true).URL,
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newAdmin(t, url, time.Nanosecond, withSecret)
			public := serveDatabase(t, url)
			a.do("", "GET", "/readyz", "").must(t, 200)
			for _, table := range []string{"tasks", "users"} {
				release := dbtest.Lock(t, database, table)
				ctx, cancel := context.WithCancel(t.Context())
				var clients sync.WaitGroup
				for n := range 100 {
					clients.Go(func() {
						user := fmt.Sprintf("user%d", n)
						request, err := http.NewRequestWithContext(ctx, "GET", public.url+tasksOf(user), nil)
						if err != nil {
							t.Error(err)
							return
						}
						request.Header.Set("Authorization", "Bearer "+token(t, user))
						if response, err := http.DefaultClient.Do(request); err == nil {
							_ = response.Body.Close()
						}
					})
				}
				dbtest.WaitForLock(t, database)
				a.do("", "GET", "/readyz", "").must(t, 200)
				public.do("", "GET", "/health", "").must(t, 200)
				cancel()
				release()
				clients.Wait()
			}
		})
	}
}

func TestReadyzSaysThatTheDatabaseIsReadOnly(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	a, _ := newAdmin(t, url, time.Nanosecond, withSecret)
	super := dbtest.SuperuserURL(t, url) + "&default_transaction_read_only=off"
	name := dbtest.Value[string](t, super, "SELECT current_database()")
	dbtest.Exec(t, super, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	// A pooler has sessions from before.
	dbtest.Exec(t, super, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	eventually(t, "the check sees it", func() bool { return strings.Contains(a.do("", "GET", "/readyz", "").body, "read-only") })
	a.mustNotBeReady("the database is read-only", "database unavailable")
}

// TestProbeIsAskedOnceForAll has its time pass without waiting for it.
func TestProbeIsAskedOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var failure error
		p := todohttp.NewProbe(func(ctx context.Context) error {
			asked++
			time.Sleep(time.Second)
			return failure
		}, 5*time.Second)
		ask := func(want error) {
			t.Helper()
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if err := p.Answer(t.Context()); err != want {
						t.Errorf("%v", err)
					}
				})
			}
			all.Wait()
		}
		gone, leave := context.WithCancel(t.Context())
		go func() { _ = p.Answer(gone) }()
		synctest.Wait()
		leave()
		ask(nil)
		time.Sleep(5*time.Second - 1)
		ask(nil)
		if asked != 1 {
			t.Errorf("asked %d times in 5 seconds", asked)
		}
		failure = fmt.Errorf("down")
		time.Sleep(time.Nanosecond)
		ask(failure)
		time.Sleep(time.Second - 1)
		ask(failure)
		if asked != 2 {
			t.Errorf("asked %d times behind a failure", asked-1)
		}
		time.Sleep(time.Nanosecond)
		failure = nil
		ask(nil)
		if asked != 3 {
			t.Errorf("a failure is remembered for longer than a second")
		}
	})
}
