package http_test

import (
	"encoding/json"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// TestFrontendsInUseWorkUnchanged sends what frontends written for this family of
// APIs send: fetch and axios clients, with and without a trailing slash, PUT with
// some fields or with the whole task, and a toggle in either form.
func TestFrontendsInUseWorkUnchanged(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const contentType = "Content-Type: application/json"
	made := a.do(alice, "POST", tasksOf(alice)+"/", `{"title":"from a form","description":"","completed":false}`, contentType, "Accept: application/json, text/plain, */*").must(t, 201).task(t)
	for name, frontend := range map[string]struct {
		method, suffix, body string
		headers              []string
	}{
		"lists a bare array":                  {"GET", "", "", nil},
		"lists with a trailing slash":         {"GET", "/", "", nil},
		"lists what is pending":               {"GET", "?status=pending", "", nil},
		"lists what is pending, by a slash":   {"GET", "/?status=pending", "", nil},
		"lists with a Content-Type":           {"GET", "", "", []string{contentType}},
		"puts one field":                      {"PUT", "/" + made.ID, `{"title":"renamed"}`, []string{contentType}},
		"puts title and description":          {"PUT", "/" + made.ID + "/", `{"title":"renamed","description":"and described"}`, []string{contentType}},
		"puts with a charset":                 {"PUT", "/" + made.ID, `{"completed":true}`, []string{"Content-Type: application/json;charset=UTF-8"}},
		"puts without a Content-Type":         {"PUT", "/" + made.ID, `{"completed":true}`, nil},
		"completes by a boolean":              {"PATCH", "/" + made.ID + "/complete", `{"completed":true}`, []string{contentType}},
		"toggles without a body":              {"PATCH", "/" + made.ID + "/complete", "", nil},
		"toggles without a body, as JSON":     {"PATCH", "/" + made.ID + "/complete", "", []string{contentType}},
		"toggles with an empty object":        {"PATCH", "/" + made.ID + "/complete/", "{}", []string{contentType}},
		"patches one field":                   {"PATCH", "/" + made.ID, `{"title":"patched"}`, []string{contentType}},
		"asks for one with an odd Accept":     {"GET", "/" + made.ID, "", []string{"Accept: text/html"}},
		"sends cookies and a tracing header":  {"GET", "", "", []string{"Cookie: session=1", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
		"sends the whole task back":           {"PUT", "/" + made.ID, whole(t, made), []string{contentType}},
		"sends the whole task back, by patch": {"PATCH", "/" + made.ID, whole(t, made), []string{contentType}},
	} {
		t.Run(name, func(t *testing.T) {
			a.do(alice, frontend.method, tasksOf(alice)+frontend.suffix, frontend.body, frontend.headers...).must(t, 200)
		})
	}
	refused := a.do(alice, "POST", tasksOf(alice), `{"title":""}`, contentType).must(t, 422)
	var shown struct{ Detail string }
	if err := json.Unmarshal([]byte(refused.body), &shown); err != nil || shown.Detail != "title: "+todohttp.RuleTitle {
		t.Errorf("a frontend shows %q, %v", shown.Detail, err)
	}
	a.do(alice, "DELETE", tasksOf(alice)+"/"+made.ID+"/", "", contentType).must(t, 204)
}

func whole(t *testing.T, made task) string {
	t.Helper()
	encoded, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
