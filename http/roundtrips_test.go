package http_test

import (
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestRequestIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	a := serveDatabase(t, proxy.URL+"&pool_max_conns=1", func(c *todohttp.Config) { c.LivePoll = time.Hour })
	made := a.create(alice, "a")
	requests := []struct{ method, path, body, header string }{
		{"PUT", pathOf(made), `{"title":"a"}`, "If-None-Match: *"}, // was erased at the end of the first time
		{"GET", tasksOf(alice) + "?sort=title&search=a", "", ""},
		{"GET", tasksOf(alice), "", ""},
		{"GET", changesOf(alice), "", ""},
		{"GET", changesOf(alice) + "?limit=1", "", ""},
		{"POST", tasksOf(alice), `{"title":"b"}`, ""},
		{"GET", pathOf(made), "", ""},
		{"PUT", pathOf(made), `{"title":"c"}`, ""},
		{"PATCH", pathOf(made), `{"title":"d"}`, ""},
		{"PATCH", pathOf(made) + "/complete", "", ""},
		{"PATCH", tasksOf(alice) + "?all=true", `{"completed":true}`, ""},
		{"GET", "/api/alice", "", ""},
		{"GET", "/api/alice/export", "", ""},
		{"GET", tasksOf(alice), "", "If-None-Match: *"},
		{"POST", tasksOf(alice), `{"title":"again"}`, "Idempotency-Key: " + made.ID},
		{"PUT", pathOf(made), `{"title":"stale"}`, `If-Match: "1"`},
		{"PUT", pathOf(made), `{"title":"there is one"}`, "If-None-Match: *"},
		{"DELETE", pathOf(made), "", `If-Match: "1"`},
		{"DELETE", pathOf(made), "", ""},
		{"DELETE", pathOf(made), "", ""},
		{"POST", tasksOf(alice), `{"title":"too late"}`, "Idempotency-Key: " + made.ID},
		{"PUT", pathOf(made), `{"title":"undone"}`, "If-None-Match: *"},
		{"DELETE", tasksOf(alice) + "?completed=true", "", ""},
		{"DELETE", "/api/alice", "", ""},
	}
	send := func(count bool) {
		for _, request := range requests {
			proxy.Reset()
			var headers []string
			if request.header != "" {
				headers = []string{request.header}
			}
			reply := a.do(alice, request.method, request.path, request.body, headers...)
			want := 1
			switch {
			case reply.StatusCode == 409:
				want = 3 // no new id, and whether it was deleted or another writer came between
			case request.method == "POST" && reply.StatusCode == 200:
				want = 2 // no new id, and what is stored
			}
			if n := proxy.RoundTrips(); count && n != want {
				t.Errorf("%s %s %s: %d, %d round trips", request.method, request.path, request.header, reply.StatusCode, n)
			}
		}
	}
	send(false)
	// A user's first write asks twice: it makes the user's row as well.
	a.create(alice, "a")
	send(true)
	proxy.Reset()
	a.stream(alice, "").must()
	if n := proxy.RoundTrips(); n != 1 {
		t.Errorf("the first page of a stream: %d round trips", n)
	}
}
