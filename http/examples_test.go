package http_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// TestContractExamplesOfProblemsAreReplies provokes each problem that openapi.yaml has
// an example of: the message that stands there is the one that the server sends.
func TestContractExamplesOfProblemsAreReplies(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, dbtest.NeonOwner)
	broken := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, broken.database, "ALTER TABLE tasks RENAME COLUMN title TO headline")
	away := serveDatabase(t, "postgres://user@127.0.0.1:1/none?sslmode=disable")
	made, gone := a.create(alice, "Buy milk"), a.create(alice, "gone")
	a.do(alice, "DELETE", pathOf(gone), "").must(t, 204)
	expired, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": alice, "exp": 1}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	provoke := map[string]func() response{
		"BadRequest":   func() response { return a.do(alice, "POST", tasksOf(alice), "{") },
		"Unauthorized": func() response { return a.do("", "GET", tasksOf(alice), "", "Authorization: Bearer "+expired) },
		"Forbidden":    func() response { return a.do(bob, "GET", tasksOf(alice), "") },
		"NotFound":     func() response { return a.do(alice, "GET", tasksOf(alice)+"/1", "") },
		"WasDeleted":   func() response { return a.do(alice, "POST", tasksOf(alice), `{"title":"gone","id":"`+gone.ID+`"}`) },
		"CursorExpired": func() response {
			cursor := a.do(alice, "GET", "/api/alice/changes", "").must(t, 200).changes(t).Cursor
			dbtest.Exec(t, a.database, "UPDATE users SET version = version + 1, forgotten_version = version + 1")
			return a.do(alice, "GET", "/api/alice/changes?since="+cursor, "")
		},
		"PreconditionFailed":   func() response { return a.do(alice, "DELETE", pathOf(made), "", `If-Match: "9"`) },
		"ContentTooLarge":      func() response { return a.do(alice, "POST", tasksOf(alice), strings.Repeat(" ", todohttp.MaxBody+1)) },
		"UnsupportedMediaType": func() response { return a.do(alice, "POST", tasksOf(alice), "{}", "Content-Type: text/plain") },
		"Validation":           func() response { return a.do(alice, "POST", tasksOf(alice), `{"title":""}`) },
		"TooManyRequests": func() response {
			limited := serveDatabase(t, a.database, func(c *todohttp.Config) { c.RateLimit = 0.5 })
			var got response
			eventually(t, "the wait of the example", func() bool {
				got = limited.do(alice, "GET", "/api/alice", "")
				return got.Header.Get("Retry-After") == "2"
			})
			return got
		},
		"TooManyRequestsOrTasks": func() response {
			full := serveDatabase(t, a.database, func(c *todohttp.Config) { c.MaxTasks = 1 })
			return full.do(alice, "POST", tasksOf(alice), `{"title":"one too many"}`)
		},
		"Internal":             func() response { return broken.do(alice, "GET", tasksOf(alice), "") },
		"Unavailable":          func() response { return away.do(alice, "GET", tasksOf(alice), "") },
		"UnknownOrUnavailable": func() response { return toggleWhoseAnswerIsLost(t) },
		"IncompleteOrUnavailable": func() response {
			breaking := newAPI(t, dbtest.NeonOwner)
			breakOff(t, breaking)
			return breaking.do(alice, "PATCH", tasksOf(alice)+"?all=true", `{"completed":true}`)
		},
	}
	for name, documented := range doc.Components.Responses {
		content := documented.Value.Content.Get("application/problem+json")
		if content == nil {
			continue
		}
		send, known := provoke[name]
		delete(provoke, name)
		if !known {
			t.Errorf("nothing provokes the example of %s", name)
			continue
		}
		got := send()
		want, ok := content.Example.(map[string]any)
		if !ok {
			t.Errorf("%s has no example", name)
			continue
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(got.body), &body); err != nil {
			t.Fatal(err)
		}
		for _, difference := range differences(want, body, "request_id", "id", "version", "created_at", "updated_at") {
			t.Errorf("the example of %s: %s", name, difference)
		}
		for _, header := range []string{"WWW-Authenticate", "Retry-After"} {
			if body["type"] == "/problems/outcome-unknown" && got.Header.Get("Retry-After") == "" {
				continue
			}
			if documented.Value.Headers[header] != nil && got.Header.Get(header) != fmt.Sprint(documented.Value.Headers[header].Value.Example) {
				t.Errorf("the example of %s: %s is %v there and %q here", name, header, documented.Value.Headers[header].Value.Example, got.Header.Get(header))
			}
		}
	}
	for name := range provoke {
		t.Errorf("the contract lacks %s", name)
	}
}

// TestContractExamplesOfBodiesAreReplies holds one conversation whose replies are the
// examples of openapi.yaml, apart from times and from the counts of an account.
func TestContractExamplesOfBodiesAreReplies(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, dbtest.NeonOwner)
	const user = "user_2Yk3"
	tasks, account := tasksOf(user), "/api/"+user
	unseen := successExamples(doc)
	// is compares a reply with an example of an operation's reply.
	is := func(operation, status, example string, got response, ignored ...string) {
		t.Helper()
		name := operation + " " + status + " " + example
		want, ok := unseen[name]
		if delete(unseen, name); !ok {
			t.Fatalf("the contract has no example %q", name)
		}
		if strconv.Itoa(got.StatusCode) != status {
			t.Fatalf("%s: %d %s", name, got.StatusCode, got.body)
		}
		var body any
		if err := json.Unmarshal([]byte(got.body), &body); err != nil {
			t.Fatal(err)
		}
		for _, difference := range differences(want, body, append(ignored, "created_at", "updated_at", "exported_at", "email", "version")...) {
			t.Errorf("the example %q: %s", name, difference)
		}
	}
	is("listTasks", "200", "none", a.do(user, "GET", tasks, ""))
	is("getAccount", "200", "new", a.do(user, "GET", account, ""))
	created := a.do(user, "POST", tasks, `{"title":"Buy milk"}`, "Idempotency-Key: 019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20")
	is("createTask", "201", "task", created)
	path := created.Header.Get("Location")
	if want := doc.Components.Headers["Location"].Value.Example; path != want {
		t.Errorf("Location is %q, in the example %q", path, want)
	}
	a.do(user, "PATCH", path, `{"due_date":"2026-12-01T09:00:00Z"}`).must(t, 200)
	is("patchTask", "200", "task", a.do(user, "PATCH", path, `{"tags":["home"]}`))
	is("updateTask", "200", "task", a.do(user, "PUT", path, `{}`))
	is("completeTask", "200", "task", a.do(user, "PATCH", path+"/complete", `{"completed":false}`))
	is("createTask", "200", "task", a.do(user, "POST", tasks, `{"title":"Buy milk"}`, "Idempotency-Key: 019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20"))
	read := a.do(user, "GET", path, "")
	is("getTask", "200", "task", read)
	if want := fmt.Sprintf(`"%d"`, read.task(t).Version); read.Header.Get("ETag") != want {
		t.Errorf("ETag is %q, and the version %s", read.Header.Get("ETag"), want)
	}
	a.do(user, "DELETE", path, "").must(t, 204)
	is("updateTask", "201", "task", a.do(user, "PUT", path, `{"title":"Buy milk"}`, "If-None-Match: *"))
	a.do(user, "PATCH", path, `{"due_date":"2026-12-01T09:00:00Z","tags":["home"]}`).must(t, 200)
	is("listTasks", "200", "some", a.do(user, "GET", tasks, ""))
	gone := a.create(user, "gone")
	a.do(user, "DELETE", pathOf(gone), "").must(t, 204)
	start := a.do(user, "GET", account+"/changes", "").must(t, 200).changes(t)
	a.do(user, "PATCH", path, `{"completed":true}`).must(t, 200)
	a.do(user, "PATCH", path, `{"completed":false}`).must(t, 200)
	a.do(user, "PUT", pathOf(gone), `{"title":"gone"}`, "If-None-Match: *").must(t, 201)
	a.do(user, "DELETE", pathOf(gone), "").must(t, 204)
	is("listChanges", "200", "changes", a.do(user, "GET", account+"/changes?since="+start.Cursor, ""), "cursor", "deleted")
	is("getAccount", "200", "account", a.do(user, "GET", account, ""), "total", "completed", "pending", "overdue")
	is("exportAccount", "200", "export", a.do(user, "GET", account+"/export", ""))
	a.create(user, "second")
	a.create(user, "third")
	is("completeTasks", "200", "", a.do(user, "PATCH", tasks+"?all=true", `{"completed":true}`))
	a.do(user, "PATCH", path+"/complete", "").must(t, 200)
	is("clearTasks", "200", "", a.do(user, "DELETE", tasks+"?completed=true", ""))
	is("getHealth", "200", "", a.do("", "GET", "/health", ""))
	for name := range unseen {
		t.Errorf("no reply is compared with the example %q", name)
	}
}

// successExamples are the examples of JSON replies below 400, by operation, status and
// the example's name, "" where there is only one.
func successExamples(doc *openapi3.T) map[string]any {
	examples := map[string]any{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, reply := range operation.Responses.Map() {
				content := reply.Value.Content.Get("application/json")
				if content == nil || status >= strconv.Itoa(http.StatusBadRequest) {
					continue
				}
				name := operation.OperationID + " " + status + " "
				if content.Example != nil {
					examples[name] = content.Example
				}
				for key, example := range content.Examples {
					examples[name+key] = example.Value.Value
				}
			}
		}
	}
	return examples
}

// differences says where two JSON values differ. Of a member that is ignored only the
// kind of value is compared, and null is of every kind.
func differences(want, got any, ignored ...string) []string {
	return differencesAt("", want, got, false, ignored)
}

func differencesAt(path string, want, got any, kindOnly bool, ignored []string) (found []string) {
	differs := []string{fmt.Sprintf("%s is %v there and %v here", path, want, got)}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(object))) {
			return differs
		}
		for name := range want {
			found = append(found, differencesAt(path+"/"+name, want[name], object[name], slices.Contains(ignored, name), ignored)...)
		}
		return found
	case []any:
		array, ok := got.([]any)
		if !ok || len(want) != len(array) {
			return differs
		}
		for i := range want {
			found = append(found, differencesAt(fmt.Sprintf("%s/%d", path, i), want[i], array[i], kindOnly, ignored)...)
		}
		return found
	}
	same := reflect.DeepEqual(want, got)
	if kindOnly {
		same = want == nil || got == nil || reflect.TypeOf(want) == reflect.TypeOf(got)
	}
	if same {
		return nil
	}
	return differs
}
