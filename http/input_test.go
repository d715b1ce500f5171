package http_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestErrorsOfABodyPointToItsFields(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "kept")
	long := strings.Repeat("é", todohttp.MaxTitle+1)
	for _, c := range []struct {
		name, body string
		status     int
		pointers   string // of the errors, separated by spaces
	}{
		{"empty", "", 400, ""},
		{"white space", " \n", 400, ""},
		{"not JSON", "title=a", 400, ""},
		{"cut short", `{"title":"a"`, 400, ""},
		{"trailing data", `{"title":"a"} x`, 400, ""},
		{"two objects", `{"title":"a"}{"title":"b"}`, 400, ""},
		{"array", `[{"title":"a"}]`, 400, ""},
		{"null", `null`, 400, ""},
		{"string", `"title"`, 400, ""},
		{"number", `7`, 400, ""},
		{"name twice", `{"title":"a","title":"b"}`, 400, ""},
		{"name twice, escaped", `{"title":"a","\u0074itle":"b"}`, 400, ""},
		{"name twice, deep", `{"title":"a","x":{"y":1,"y":2}}`, 400, ""},
		{"invalid UTF-8", "{\"title\":\"a\xff\"}", 400, ""},
		{"lone surrogate", `{"title":"\ud800"}`, 400, ""},
		{"byte order mark", "\ufeff{\"title\":\"a\"}", 400, ""},
		{"UTF-16", "{\x00\"\x00}\x00", 400, ""},
		{"NaN", `{"title":NaN}`, 400, ""},
		{"comment", `{"title":"a"/**/}`, 400, ""},
		{"trailing comma", `{"title":"a",}`, 400, ""},
		{"deep", `{"title":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, 400, ""},
		{"deep, cut short", strings.Repeat(`{"a":`, 10000), 400, ""},
		{"case twin", `{"title":"a","Title":"b"}`, 422, "/Title"},
		{"unknown", `{"title":"a","complete":true}`, 422, "/complete"},
		{"unknown, odd name", `{"title":"a","a/b~c":1}`, 422, "/a~1b~0c"},
		{"unknown, no name", `{"title":"a","":1}`, 422, "/"},
		{"several at once", `{"title":7,"completed":"yes","colour":1}`, 422, "/title /completed /colour"},
		{"title empty", `{"title":""}`, 422, "/title"},
		{"title white space", `{"title":" \t\n\u00a0\u0085\u2028\u3000"}`, 422, "/title"},
		{"title too long", `{"title":"` + long + `"}`, 422, "/title"},
		{"title null", `{"title":null}`, 422, "/title"},
		{"title number", `{"title":7}`, 422, "/title"},
		{"title object", `{"title":{"a":[]}}`, 422, "/title"},
		{"title with NUL", `{"title":"a\u0000b"}`, 422, "/title"},
		{"description too long", `{"title":"a","description":"` + strings.Repeat("é", todohttp.MaxDescription+1) + `"}`, 422, "/description"},
		{"description with NUL", `{"title":"a","description":"\u0000"}`, 422, "/description"},
		{"description array", `{"title":"a","description":[]}`, 422, "/description"},
		{"completed string", `{"title":"a","completed":"yes"}`, 422, "/completed"},
		{"completed number", `{"title":"a","completed":1}`, 422, "/completed"},
		{"completed null", `{"title":"a","completed":null}`, 422, "/completed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, request := range []struct{ method, path string }{{"POST", tasksOf(alice)}, {"PUT", pathOf(made)}, {"PATCH", pathOf(made)}} {
				reply := a.do(alice, request.method, request.path, c.body, "Content-Type: application/json").must(t, c.status)
				var pointers []string
				for _, e := range reply.problem(t).Errors {
					pointers = append(pointers, e.Pointer)
				}
				if got := strings.Join(pointers, " "); got != c.pointers {
					t.Errorf("%s: the errors point to %q: %s", request.method, got, reply.body)
				}
			}
		})
	}
	for name, body := range map[string]string{
		"no title": `{}`, "id null": `{"title":"a","id":null}`, "id odd": `{"title":"a","id":"1"}`, "id number": `{"title":"a","id":1}`,
		"id as URN": `{"title":"a","id":"urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8"}`,
	} {
		t.Run("POST "+name, func(t *testing.T) {
			a.do(alice, "POST", tasksOf(alice), body).must(t, 422).problem(t)
		})
	}
	for name, body := range map[string]string{"title": `{"title":"a"}`, "null": `{"completed":null}`, "string": `{"completed":"true"}`} {
		t.Run("complete "+name, func(t *testing.T) {
			a.do(alice, "PATCH", pathOf(made)+"/complete", body).must(t, 422).problem(t)
		})
	}
	a.do(alice, "PATCH", pathOf(made)+"/complete", `{"completed"`).must(t, 400).problem(t)
	if got := a.do(alice, "GET", pathOf(made), "").task(t); !reflect.DeepEqual(got, made) {
		t.Errorf("bad input changed %+v into %+v", made, got)
	}
	if got := a.do(alice, "GET", tasksOf(alice), "").body; strings.Count(got, `"id"`) != 1 {
		t.Errorf("bad input made tasks: %s", got)
	}
}

func TestErrorsOfABodyMakeASmallReply(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "kept")
	var names []string
	for n := range 7000 {
		names = append(names, fmt.Sprintf(`"%d":1`, n))
	}
	reply := a.do(alice, "POST", tasksOf(alice), "{"+strings.Join(names, ",")+"}").must(t, 422)
	if got := len(reply.problem(t).Errors); got != todohttp.MaxFieldErrors || len(reply.body) > 8<<10 {
		t.Errorf("%d errors in %d bytes", got, len(reply.body))
	}
	// One member can break many rules, wherever it stands.
	tags := `"tags":[""` + strings.Repeat(`,""`, todohttp.MaxTags-1) + "]"
	for before := range todohttp.MaxFieldErrors + 1 {
		members := append(slices.Clone(names[:before]), tags, `"title":""`)
		for _, request := range []struct{ method, path string }{{"POST", tasksOf(alice)}, {"PUT", pathOf(made)}, {"PATCH", pathOf(made)}} {
			p := a.do(alice, request.method, request.path, "{"+strings.Join(members, ",")+"}").must(t, 422).problem(t)
			if len(p.Errors) != todohttp.MaxFieldErrors || strings.Count(p.Detail, "; ") != todohttp.MaxFieldErrors-1 {
				t.Errorf("%s with %d unknown fields and then tags: %d errors", request.method, before, len(p.Errors))
			}
		}
	}
	long := a.do(alice, "POST", tasksOf(alice), `{"`+strings.Repeat("x", todohttp.MaxBody-4<<10)+`":1}`).must(t, 422)
	if len(long.body) > 1<<10 {
		t.Errorf("%d bytes for a long name", len(long.body))
	}
	detail := a.do(alice, "POST", tasksOf(alice), `{"title":"a","tags":["ok",""]}`).must(t, 422).problem(t).Detail
	if !strings.HasPrefix(detail, "tags/1: ") {
		t.Errorf("a person reads %q", detail)
	}
	a.do(alice, "GET", tasksOf(alice)+"?"+strings.Repeat("tag=a&", todohttp.MaxTags)+"limit=1", "").must(t, 200)
	a.do(alice, "GET", tasksOf(alice)+"?"+strings.Repeat("tag=a&", todohttp.MaxTags+1)+"limit=1", "").must(t, 400)
}

func TestLimitsAreInCharacters(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	body := fmt.Sprintf(`{"title":"  %s  ","description":"%s"}`, strings.Repeat("😀", todohttp.MaxTitle), strings.Repeat("😀", todohttp.MaxDescription))
	a.do(alice, "POST", tasksOf(alice), body).must(t, 201)
	a.do(alice, "POST", tasksOf(alice), `{"title":"a","description":""}`).must(t, 201)
}

func TestBodyHasAMediaTypeOfJSON(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for _, c := range []struct {
		method, contentType string
		status              int
	}{
		{"POST", "", 201},
		{"POST", "application/json", 201},
		{"POST", "Application/JSON; charset=utf-8", 201},
		{"POST", "application/merge-patch+json", 415},
		{"POST", "text/plain", 415},
		{"POST", "application/x-www-form-urlencoded", 415},
		{"POST", "multipart/form-data; boundary=x", 415},
		{"POST", ";", 415},
		{"POST", `application/json; charset="UTF-8"`, 201},
		{"POST", "application/json;charset=utf8", 201},
		{"POST", "application/json; profile=x", 201},
		{"POST", "application/json;", 201},
		{"POST", "application/json; charset=utf-16", 415},
		{"POST", `application/json; charset="UTF-16LE"`, 415},
		{"POST", "application/json; charset=iso-8859-1", 415},
		{"POST", "application/json; charset=", 415},
		{"POST", "application/json; charset", 415},
		{"POST", "application/json; charset=utf-8; charset=utf-16", 415},
		{"POST", "application/json, application/json", 415},
		{"POST", "application/json, text/plain", 415},
		{"POST", "json", 415},
		{"PATCH", "application/merge-patch+json; charset=utf-16", 415},
		{"PATCH", "application/merge-patch+json; charset=utf-8", 200},
		{"PUT", "application/json", 200},
		{"PUT", "application/merge-patch+json", 415},
		{"PATCH", "application/merge-patch+json", 200},
		{"PATCH", "application/json", 200},
		{"PATCH", "application/json-patch+json", 415},
	} {
		path := pathOf(made)
		if c.method == "POST" {
			path = tasksOf(alice)
		}
		var headers []string
		if c.contentType != "" {
			headers = []string{"Content-Type: " + c.contentType}
		}
		reply := a.do(alice, c.method, path, `{"title":"b"}`, headers...)
		if reply.StatusCode != c.status {
			t.Errorf("%s with Content-Type %q: %d, want %d", c.method, c.contentType, reply.StatusCode, c.status)
		}
		if c.status == 415 {
			reply.problem(t)
		}
	}
	a.do(alice, "POST", tasksOf(alice), `{"title":"b"}`, "Content-Type: application/json", "Content-Type: text/plain").must(t, 415)
	for status, all := range map[int][][]string{
		201: {{"Content-Type: "}, {"Content-Encoding: "}, {"Content-Encoding: identity"}, {"Content-Encoding: Identity", "Content-Type: "}},
		415: {
			{"Content-Encoding: gzip"},
			{"Content-Encoding: br"},
			{"Content-Encoding: identity, gzip"},
			{"Content-Encoding: gzip, identity"},
			{"Content-Encoding: identity", "Content-Encoding: gzip"},
			{"Content-Encoding: identity", "Content-Encoding: identity"},
			{"Content-Encoding: ", "Content-Encoding: gzip"},
			{"Content-Type: application/json", "Content-Type: application/json"},
			{"Content-Type: ", "Content-Type: text/plain"},
		},
	} {
		for _, headers := range all {
			if reply := a.do(alice, "POST", tasksOf(alice), `{"title":"b"}`, headers...); reply.StatusCode != status {
				t.Errorf("%q: %d, want %d: %s", headers, reply.StatusCode, status, reply.body)
			}
		}
	}
	for _, request := range []struct{ method, path string }{{"GET", tasksOf(alice)}, {"PATCH", pathOf(made) + "/complete"}, {"DELETE", pathOf(made)}} {
		if reply := a.do(alice, request.method, request.path, "", "Content-Type: text/plain"); reply.StatusCode >= 300 {
			t.Errorf("%s without a body but with Content-Type: %d %s", request.method, reply.StatusCode, reply.body)
		}
	}
}

func TestBodyOverItsLimitIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	fits := `{"title":"a"` + strings.Repeat(" ", todohttp.MaxBody-len(`{"title":"a"}`)) + `}`
	a.do(alice, "POST", tasksOf(alice), fits).must(t, 201)
	for _, request := range []struct{ method, path string }{{"POST", tasksOf(alice)}, {"PUT", pathOf(made)}, {"PATCH", pathOf(made)}, {"PATCH", pathOf(made) + "/complete"}} {
		a.do(alice, request.method, request.path, fits+" ").must(t, 413).problem(t)
	}
	// A reader of unknown length makes the body chunked.
	request, err := http.NewRequestWithContext(t.Context(), "POST", a.url+tasksOf(alice), io.MultiReader(bytes.NewReader(make([]byte, todohttp.MaxBody+16<<10))))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token(t, alice))
	a.send(request).must(t, 413).problem(t)
}

func TestHeadersOverTheirLimitAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.do(alice, "GET", tasksOf(alice), "", "X-Filler: "+strings.Repeat("x", todohttp.MaxHeader-1<<10)).must(t, 200)
	a.do(alice, "GET", tasksOf(alice), "", "X-Filler: "+strings.Repeat("x", todohttp.MaxHeader+4<<10)).must(t, 431)
}

func TestQueryParameterThatIsUnknownIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for _, query := range []string{"?page=2", "?%zz", "?a;b", "?=", "?" + strings.Repeat("a=b&", 1000)} {
		a.do(alice, "GET", tasksOf(alice)+query, "").must(t, 400).problem(t)
		a.do(alice, "DELETE", pathOf(made)+query, "").must(t, 400).problem(t)
	}
	a.do(alice, "GET", tasksOf(alice)+"?", "").must(t, 200)
}

func TestMethodThatIsNotOfferedIs405WithAllow(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for path, allow := range map[string]string{
		tasksOf(alice):             "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
		pathOf(made):               "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
		pathOf(made) + "/complete": "OPTIONS, PATCH",
		"/health":                  "GET, HEAD, OPTIONS",
	} {
		for _, method := range []string{"BREW", "TRACE", "PROPFIND", "get"} {
			reply := a.do(alice, method, path, "").must(t, 405)
			reply.problem(t)
			if got := reply.Header.Get("Allow"); got != allow {
				t.Errorf("%s %s: Allow: %s", method, path, got)
			}
		}
		if reply := a.do(alice, "OPTIONS", path, "").must(t, 204); reply.Header.Get("Allow") != allow || reply.body != "" {
			t.Errorf("OPTIONS %s: %v %q", path, reply.Header, reply.body)
		}
	}
}

// TestServerSurvivesMalformedRequests sends what no HTTP library would.
func TestServerSurvivesMalformedRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	authorization := "Authorization: Bearer " + token(t, alice) + "\r\nConnection: close\r\n"
	for name, raw := range map[string]string{
		"escape cut short":     "GET /api/alice/tasks/%f HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n",
		"absolute form":        "GET http://x/api/alice/tasks HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n",
		"asterisk":             "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"dots":                 "GET /api/../api/alice/tasks HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n",
		"length and chunked":   "POST /api/alice/tasks HTTP/1.1\r\nHost: x\r\n" + authorization + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":          "POST /api/alice/tasks HTTP/1.1\r\nHost: x\r\n" + authorization + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"chunk that lies":      "POST /api/alice/tasks HTTP/1.1\r\nHost: x\r\n" + authorization + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"NUL in a header":      "GET /api/alice/tasks HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n" + authorization + "\r\n",
		"no host":              "GET /api/alice/tasks HTTP/1.1\r\n" + authorization + "\r\n",
		"HTTP/1.0":             "GET /api/alice/tasks HTTP/1.0\r\n" + authorization + "\r\n",
		"user without a token": "GET /api/alice/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: \r\nConnection: close\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		reply, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil || !bytes.HasPrefix(reply, []byte("HTTP/1.")) || bytes.Contains(reply[:12], []byte(" 5")) {
			t.Errorf("%s: %q, %v", name, reply, err)
		}
	}
	a.create(alice, "still there")
	if strings.Contains(a.log.String(), `"msg":"panic"`) {
		t.Error(a.log)
	}
}
