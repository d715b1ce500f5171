package http_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestBulkTakesTheFiltersOfTheList(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	milk := a.post(`{"title":"milk","tags":["home"]}`)
	for _, body := range []string{`{"title":"bread","tags":["home"],"completed":true}`, `{"title":"tax","priority":"high"}`} {
		a.post(body)
	}
	bobs := a.create(bob, "bob's")
	mustReply := func(method, query, body, want string) {
		t.Helper()
		if got := a.do(alice, method, tasksOf(alice)+query, body).must(t, 200).body; got != want {
			t.Errorf("%s %s: %s, want %s", method, query, got, want)
		}
	}
	mustReply("PATCH", "?tag=home", `{"completed":true}`, `{"updated":1}`)
	mustReply("PATCH", "?search=nothing", `{"completed":true}`, `{"updated":0}`)
	if got := titles(a.list("?status=pending")); got != "tax" {
		t.Errorf("pending: %s", got)
	}
	if got := a.list("?search=milk")[0]; got.Version <= milk.Version || got.UpdatedAt <= got.CreatedAt {
		t.Errorf("%+v", got)
	}
	mustReply("PATCH", "", `{"completed":true}`, `{"updated":1}`)
	mustReply("PATCH", "?priority=high", `{"completed":false}`, `{"updated":1}`)
	for _, query := range []string{"", "?status=all", "?search=", "?all=false", "?all=true&status=completed", "?limit=1", "?sort=title"} {
		a.do(alice, "DELETE", tasksOf(alice)+query, "").must(t, 400).problem(t)
	}
	for body, status := range map[string]int{"": 400, "{}": 422, `{"completed":null}`: 422, `{"title":"x"}`: 422, `{"completed":true,"title":"x"}`: 422} {
		a.do(alice, "PATCH", tasksOf(alice), body).must(t, status).problem(t)
	}
	mustReply("DELETE", "?completed=true", "", `{"deleted":2}`)
	if got := titles(a.list("")); got != "tax" {
		t.Errorf("left: %s", got)
	}
	mustReply("DELETE", "?all=true", "", `{"deleted":1}`)
	a.do(bob, "GET", pathOf(bobs), "").must(t, 200)
	a.do(bob, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 403)
}
