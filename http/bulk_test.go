package http_test

import (
	"reflect"
	"strings"
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
	mustReply("PATCH", "?all=true", `{"completed":true}`, `{"updated":1}`)
	mustReply("PATCH", "?priority=high", `{"completed":false}`, `{"updated":1}`)
	for body, status := range map[string]int{"": 400, "{}": 422, `{"completed":null}`: 422, `{"title":"x"}`: 422, `{"completed":true,"title":"x"}`: 422} {
		a.do(alice, "PATCH", tasksOf(alice)+"?all=true", body).must(t, status).problem(t)
	}
	mustReply("DELETE", "?completed=true", "", `{"deleted":2}`)
	if got := titles(a.list("")); got != "tax" {
		t.Errorf("left: %s", got)
	}
	mustReply("DELETE", "?all=true", "", `{"deleted":1}`)
	a.do(bob, "GET", pathOf(bobs), "").must(t, 200)
	a.do(bob, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 403)
}

// TestBulkNeedsASelection sends what a client sends whose variable is empty: that of a
// task's id, or of a filter.
func TestBulkNeedsASelection(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	before := a.list("")
	for query, detail := range map[string]string{
		"":                              "filter or all=true",
		"/":                             "the path of one task ends in its id",
		"?status=all":                   "filter or all=true",
		"?all=true&status=completed":    "filter or all=true",
		"?all=true&tag=a":               "filter or all=true",
		"?all=false":                    "all: must be one of true",
		"?all=":                         "all: is empty",
		"?status=":                      "status: is empty",
		"?completed=":                   "completed: is empty",
		"?priority=":                    "priority: is empty",
		"?tag=":                         "tag: is empty",
		"?search=":                      "search: is empty",
		"?search=&status=pending":       "search: is empty",
		"?due_before=":                  "due_before: is empty",
		"?due_after=&completed=false":   "due_after: is empty",
		"?all=true&all=true":            "all: is given more than once",
		"?limit=1":                      "limit: unknown query parameter",
		"?sort=title&completed=false":   "sort: unknown query parameter",
		"?cursor=x&completed=false":     "cursor: unknown query parameter",
		"/?completed=false&completed=0": "completed: is given more than once",
	} {
		for method, body := range map[string]string{"PATCH": `{"completed":true}`, "DELETE": ""} {
			p := a.do(alice, method, tasksOf(alice)+query, body).must(t, 400).problem(t)
			if !strings.Contains(p.Detail, detail) {
				t.Errorf("%s %s: %s", method, query, p.Detail)
			}
		}
	}
	if now := a.list(""); !reflect.DeepEqual(now, before) {
		t.Errorf("%+v, was %+v", now, before)
	}
}
