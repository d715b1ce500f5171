package http_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestRequestIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	a := serveDatabase(t, proxy.URL+"&pool_max_conns=1")
	made := a.create(alice, "a")
	requests := []struct{ method, path, body string }{
		{"GET", tasksOf(alice) + "?sort=title&search=a", ""},
		{"GET", tasksOf(alice), ""},
		{"POST", tasksOf(alice), `{"title":"b"}`},
		{"GET", pathOf(made), ""},
		{"PUT", pathOf(made), `{"title":"c"}`},
		{"PATCH", pathOf(made), `{"title":"d"}`},
		{"PATCH", pathOf(made) + "/complete", ""},
		{"PATCH", tasksOf(alice), `{"completed":true}`},
		{"GET", "/api/alice", ""},
		{"GET", "/api/alice/export", ""},
		{"DELETE", pathOf(made), ""},
		{"DELETE", tasksOf(alice) + "?completed=true", ""},
		{"DELETE", "/api/alice", ""},
	}
	send := func(count bool) {
		for _, request := range requests {
			proxy.Reset()
			a.do(alice, request.method, request.path, request.body)
			if n := proxy.RoundTrips(); count && n != 1 {
				t.Errorf("%s %s: %d round trips", request.method, request.path, n)
			}
		}
	}
	send(false)
	// A user's first write asks twice: it makes the user's row as well.
	a.create(alice, "a")
	send(true)
}
