package http_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestQueryParameterThatIsEmptySaysSo(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	for path, names := range map[string][]string{
		tasksOf(alice):       {"status", "completed", "priority", "tag", "due_after", "due_before", "sort", "order", "limit", "cursor"},
		"/api/alice/changes": {"since", "limit"},
	} {
		for _, name := range names {
			for _, query := range []string{name, name + "=", "&" + name + "=&"} {
				p := a.do(alice, "GET", path+"?"+query, "").must(t, 400).problem(t)
				if p.Detail != name+": is empty" {
					t.Errorf("%s?%s: %s", path, query, p.Detail)
				}
			}
		}
	}
	a.do(alice, "GET", tasksOf(alice)+"?tag=a&tag=", "").must(t, 400).problem(t)
	// A search box that is empty, as frontends send it.
	if got := titles(a.list("?search=&status=pending")); got != "a" {
		t.Errorf("an empty search finds %q", got)
	}
	for query, detail := range map[string]string{
		"?=": "a query parameter has no name",
		"?%": "the query string is unreadable: a % must be written %25 unless two hexadecimal digits follow",
	} {
		if p := a.do(alice, "GET", tasksOf(alice)+query, "").must(t, 400).problem(t); p.Detail != detail {
			t.Errorf("%s: %s", query, p.Detail)
		}
	}
}

func TestQueryParameterHoldsARawSemicolon(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, body := range []string{`{"title":"a;b","tags":["x;y"]}`, `{"title":"a"}`, `{"title":";","tags":["x;y"]}`, `{"title":"ab;","tags":["x"]}`} {
		a.post(body)
	}
	for query, want := range map[string]string{
		"?search=a;b":               "a;b",
		"?search=a%3Bb":             "a;b",
		"?search=;":                 "ab; ; a;b",
		"?tag=x;y":                  "; a;b",
		"?tag=x;y&search=a":         "a;b",
		"?search=a;b&status=all":    "a;b",
		"?search=;&sort=title":      "; a;b ab;",
		"?search=;&tag=x;y&limit=1": ";",
	} {
		if got := titles(a.list(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var paged []task
	for path := tasksOf(alice) + "?search=;&limit=1&sort=title"; path != ""; {
		var page []task
		page, path = a.page(path)
		paged = append(paged, page...)
	}
	if got := titles(paged); got != "; a;b ab;" {
		t.Errorf("page after page: %s", got)
	}
	for query, detail := range map[string]string{
		"?status=pending;completed": "status: must be one of all, pending, completed",
		"?a;b":                      "a;b: unknown query parameter; the known ones are: since, limit",
		"?limit=1;2":                "limit: must be a whole number from 1 to 1000",
	} {
		path := tasksOf(alice)
		if query == "?a;b" {
			path = "/api/alice/changes"
		}
		if p := a.do(alice, "GET", path+query, "").must(t, 400).problem(t); p.Detail != detail {
			t.Errorf("%s: %s", query, p.Detail)
		}
	}
	if got := a.do(alice, "PATCH", tasksOf(alice)+"?search=a;b", `{"completed":true}`).must(t, 200).body; got != `{"updated":1}` {
		t.Error(got)
	}
}
