package http_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestTypeChangeUnderLoadFailsNoRequest changes columns' types back and forth, as
// no migration should, under 16 users who use every kind of query meanwhile.
func TestTypeChangeUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	for name, route := range dbtest.Routes {
		t.Run(name, func(t *testing.T) {
			database := dbtest.New(t, dbtest.NeonOwner)
			a := serveDatabase(t, route(t, database, 40))
			a.offContract = true // to spend the time on load
			var requests, failed, stop atomic.Int64
			rounds := make([]atomic.Int64, 16)
			var wg sync.WaitGroup
			for n := range rounds {
				wg.Go(func() {
					for stop.Load() == 0 {
						useEveryQuery(a, fmt.Sprintf("user%d", n), n < 2, func(reply response, shows string) {
							requests.Add(1)
							if reply.StatusCode >= 400 || !strings.Contains(reply.body, shows) {
								failed.Add(1)
								t.Errorf("%s %s: %d %s", reply.Request.Method, reply.Request.URL.Path, reply.StatusCode, reply.body)
							}
						})
						rounds[n].Add(1)
					}
				})
			}
			everybodyGoesOn := func() {
				var done [16]int64
				for n := range rounds {
					done[n] = rounds[n].Load()
				}
				// The first of the two may have begun before.
				for n := range rounds {
					eventually(t, "two more rounds", func() bool { return rounds[n].Load() >= done[n]+2 })
				}
			}
			everybodyGoesOn()
			for _, change := range []string{"title TYPE varchar(255)", "version TYPE numeric", "title TYPE text", "version TYPE bigint"} {
				dbtest.Exec(t, database, "SET lock_timeout = '5s'; ALTER TABLE tasks ALTER "+change)
				everybodyGoesOn()
			}
			stop.Store(1)
			wg.Wait()
			t.Logf("%d of %d requests failed", failed.Load(), requests.Load())
		})
	}
}

// useEveryQuery makes a user's round of requests, hands each reply to check, and
// tells which must show the one task.
func useEveryQuery(a *api, user string, export bool, check func(reply response, shows string)) {
	account := "/api/" + user
	made := a.do(user, "POST", tasksOf(user), `{"title":"a"}`)
	if check(made, ""); made.StatusCode != 201 {
		return
	}
	task := made.task(a.t)
	path := pathOf(task)
	check(a.do(user, "GET", path, ""), task.ID)
	check(a.do(user, "PUT", path, `{"title":"b"}`), task.ID)
	check(a.do(user, "PATCH", path+"/complete", ""), task.ID)
	check(a.do(user, "PATCH", tasksOf(user)+"?all=true", `{"completed":false}`), `{"updated":1}`)
	check(a.do(user, "GET", account, ""), `"total":1,`)
	for _, sort := range []string{"created_at", "updated_at", "due_date", "priority", "title"} {
		check(a.do(user, "GET", tasksOf(user)+"?sort="+sort, ""), task.ID)
	}
	if export {
		check(a.do(user, "GET", account+"/export", ""), task.ID)
	}
	check(a.do(user, "DELETE", path, ""), "")
}
