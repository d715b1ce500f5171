package http_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestPathWithAnEmptyVariableDoesNothing sends what a client sends whose variable for the
// user or for the task is empty, with every method and every body that would change
// something at another path.
func TestPathWithAnEmptyVariableDoesNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	before, account := a.list(""), usersRow(t, a, alice)
	const emptySegment, missingID = "it has an empty segment", "is an id missing there?"
	for _, c := range []struct {
		path    string
		methods string
		status  int
		detail  string
	}{
		{"/api/alice/tasks/", "PUT", 405, missingID},
		{"/api/alice/tasks/", "PATCH DELETE", 400, "the path of one task ends in its id"},
		{"/api/alice/tasks//", "GET POST PUT PATCH DELETE", 404, emptySegment},
		{"/api/alice/tasks//complete", "GET POST PUT PATCH DELETE", 404, emptySegment},
		{"/api/alice/tasks//complete/", "PATCH", 404, emptySegment},
		{"/api/alice//tasks", "GET POST PUT PATCH DELETE", 404, emptySegment},
		{"/api//tasks", "GET POST PUT PATCH DELETE", 404, emptySegment},
		{"/api//tasks/" + before[0].ID, "GET PUT PATCH DELETE", 404, emptySegment},
		{"/api//tasks/" + before[0].ID + "/complete", "PATCH", 404, emptySegment},
		{"/api//tasks//complete", "PATCH", 404, emptySegment},
		{"/api//changes", "GET", 404, emptySegment},
		{"/api//export", "GET", 404, emptySegment},
		{"/api//", "GET DELETE", 404, emptySegment},
		{"/api/", "GET DELETE", 404, emptySegment},
		{"/api/alice//", "GET DELETE", 404, emptySegment},
		{"//api/alice/tasks", "GET POST DELETE", 404, emptySegment},
		{"/api/alice/", "POST PUT PATCH", 405, missingID},
		{"/api/alice/tasks/%20/complete", "PATCH", 404, "there is no such task"},
		{"/api/alice/tasks/undefined", "GET PUT PATCH DELETE", 404, "there is no such task"},
		{"/api/alice/tasks/null/complete", "PATCH", 404, "there is no such task"},
		{"/api/undefined/tasks", "GET POST PATCH DELETE", 403, "another user"},
		{"/api/%20/tasks", "GET POST PATCH DELETE", 403, "another user"},
		{"/api/tasks", "GET DELETE", 403, "another user"},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			body := ""
			switch method {
			case "POST":
				body = `{"title":"b"}`
			case "PUT", "PATCH":
				body = `{"completed":true}`
			}
			p := a.do(alice, method, c.path, body).must(t, c.status).problem(t)
			if !strings.Contains(p.Detail, c.detail) {
				t.Errorf("%s %s: %s", method, c.path, p.Detail)
			}
		}
	}
	a.do("", "DELETE", "/api//tasks", "").must(t, 401).problem(t)
	a.do("", "GET", "//", "").must(t, 404).problem(t)
	if now := a.list(""); !reflect.DeepEqual(now, before) || usersRow(t, a, alice) != account {
		t.Errorf("%+v, was %+v", now, before)
	}
}
