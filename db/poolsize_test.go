package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestPoolHasTheSizeThatTheURLSays(t *testing.T) {
	t.Parallel()
	url := "postgres://nobody@127.0.0.1:1/none?sslmode=disable"
	for given, want := range map[string]struct {
		conns int
		adapt bool
	}{
		url:                       {24, true},
		url + "&pool_max_conns=4": {4, true},
		url + "&pool%5Fmax_conns=4&default%5Fquery_exec_mode=exec":                            {4, false},
		"host=127.0.0.1 port=1 dbname=none pool_max_conns = 4 default_query_exec_mode = exec": {4, false},
		"host=127.0.0.1 port=1 dbname=none application_name='pool_max_conns=4'":               {24, true},
		url + "&application_name=default_query_exec_mode%3Dexec":                              {24, true},
	} {
		if conns, adapts := dbtest.Pool(t, given).Configuration(); conns != want.conns || adapts != want.adapt {
			t.Errorf("%s: %d connections, adapts %t", given, conns, adapts)
		}
	}
}

// TestPoolOfFewConnectionsServesEveryKindOfRequest has all kinds be asked for at once, by
// more users than there are connections.
func TestPoolOfFewConnectionsServesEveryKindOfRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for conns := 1; conns <= 4; conns++ {
		t.Run(fmt.Sprint(conns), func(t *testing.T) {
			t.Parallel()
			pool := dbtest.Pool(t, fmt.Sprintf("%s&pool_max_conns=%d", url, conns))
			var wg sync.WaitGroup
			for n := range 4 {
				wg.Go(func() {
					user := fmt.Sprintf("user%d of %d", n, conns)
					if err := useOwnTasks(t.Context(), pool, user); err != nil {
						t.Error(err)
					}
					err := pool.Export(t.Context(), user, &exporter{})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestExportsLeaveAConnectionToOthers has as many readers of exports as there are
// connections and more, none of which reads on.
func TestExportsLeaveAConnectionToOthers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for conns := 2; conns <= 4; conns++ {
		t.Run(fmt.Sprint(conns), func(t *testing.T) {
			t.Parallel()
			pool := dbtest.Pool(t, fmt.Sprintf("%s&pool_max_conns=%d", url, conns))
			ctx, cancel := context.WithCancel(t.Context())
			var readers sync.WaitGroup
			for n := range conns + 1 {
				readers.Go(func() {
					_ = pool.Export(ctx, fmt.Sprint("reader", n), &exporter{begin: func(*db.GetUserRow) error { <-ctx.Done(); return ctx.Err() }})
				})
			}
			eventually(t, "the exports have begun", func() bool { return pool.Stats().Exports.Busy == pool.Stats().Exports.Max })
			if _, err := pool.CreateTask(t.Context(), aTask(alice)); err != nil {
				t.Error(err)
			}
			cancel()
			readers.Wait()
		})
	}
}

// TestPoolLargerThanTheDatabaseAllowsServesAll has the login have fewer connections than
// the pool may: those that there are serve all.
func TestPoolLargerThanTheDatabaseAllowsServesAll(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'few_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'few' CONNECTION LIMIT 3; GRANT todo_app TO %[1]s", login))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+login) })
	for _, probesFirst := range []bool{true, false} {
		t.Run(fmt.Sprint("probes first ", probesFirst), func(t *testing.T) {
			pool := dbtest.Pool(t, dbtest.As(t, url, login, "few"))
			defer pool.Close()
			if probesFirst {
				if _, err := pool.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for n := range 10 {
				wg.Go(func() {
					user := fmt.Sprintf("user%d", n)
					for range 3 {
						if _, err := pool.CreateTask(t.Context(), aTask(user)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if err := pool.Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
			if _, err := pool.Check(t.Context()); err != nil {
				t.Errorf("check: %v", err)
			}
		})
	}
	t.Run("none is free", func(t *testing.T) {
		for range 3 {
			connect(t, dbtest.As(t, url, login, "few"))
		}
		pool := dbtest.Pool(t, dbtest.As(t, url, login, "few"))
		_, err := pool.CreateTask(t.Context(), aTask(alice))
		if !errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "53300") {
			t.Errorf("%v", err)
		}
	})
}
