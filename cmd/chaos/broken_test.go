//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/cmd/chaos/faults"
	"github.com/securetodo/securetodo/cmd/chaos/history"
	"github.com/securetodo/securetodo/cmd/chaos/workload"
	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/measure"
)

// program is todo, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "todo-chaos-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "todo")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../todo").CombinedOutput(); err != nil {
		panic(string(out))
	}
	dbtest.Main(m, func() { _ = os.RemoveAll(dir) })
}

// served starts a real server on a real database, and returns where it listens and what
// reads its table.
func served(t *testing.T) (address string, table func(context.Context) (workload.Table, error)) {
	t.Helper()
	database := dbtest.New(t, dbtest.NeonOwner)
	address, err := faults.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p := faults.Todo(program, database, secret, filepath.Join(t.TempDir(), "log"), []string{"ADDR=" + address, "LIVE_POLL=100ms"}, "serve")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if err := p.Listens(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	return address, func(ctx context.Context) (workload.Table, error) {
		tasks, deleted, err := measure.Stored(ctx, dbtest.SuperuserURL(t, database))
		return tableOf(tasks, deleted), err
	}
}

// breakage stands between the clients and a server. It reports whether it took care of
// the request, so that nothing else answers it.
type breakage func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool

// inFrontOf starts a proxy that breaks some requests.
func inFrontOf(t *testing.T, address string, b breakage) (proxyURL string) {
	t.Helper()
	server := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if b == nil || !b(w, r, body, server) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// sent is the server's reply to a request, or to it once more.
func sent(r *http.Request, body []byte, server http.Handler) *httptest.ResponseRecorder {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	reply := httptest.NewRecorder()
	server.ServeHTTP(reply, again)
	return reply
}

// answer writes a reply on.
func answer(w http.ResponseWriter, reply *httptest.ResponseRecorder, body []byte) {
	w.Header().Set("Content-Type", reply.Header().Get("Content-Type"))
	w.WriteHeader(reply.Code)
	_, _ = w.Write(body)
}

func toggles(r *http.Request, body []byte) bool {
	return strings.HasSuffix(r.URL.Path, "/complete") && len(body) == 0
}

func tokenOf(t *testing.T, user string) string {
	token, err := auth.SignHS256([]byte(secret), auth.Policy{}, auth.Identity{UserID: user}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}

var versions = regexp.MustCompile(`"version":(\d+)`)

// breakages are servers that are wrong, each in one way, and the rule that tells.
func breakages(t *testing.T) map[string]struct {
	rule string
	b    breakage
} {
	isPages := func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/changes") && r.Header.Get("Accept") != "text/event-stream"
	}
	type broken = struct {
		rule string
		b    breakage
	}
	return map[string]broken{
		"a create is acknowledged and not done": {"lost write", func(w http.ResponseWriter, r *http.Request, body []byte, _ http.Handler) bool {
			var made struct{ ID, Title string }
			if r.Method != "POST" || json.Unmarshal(body, &made) != nil || made.ID == "" {
				return false
			}
			w.WriteHeader(201)
			fmt.Fprintf(w, `{"id":%q,"user_id":%q,"title":%q,"version":%d}`, made.ID, strings.Split(r.URL.Path, "/")[2], made.Title, time.Now().UnixMilli()+1000)
			return true
		}},
		"a deletion is acknowledged and not done": {history.ErrRevived.Error(), func(w http.ResponseWriter, r *http.Request, _ []byte, _ http.Handler) bool {
			if r.Method != "DELETE" || r.URL.RawQuery != "" {
				return false
			}
			w.WriteHeader(204)
			return true
		}},
		"a toggle is done twice and the second answer told": {"toggle", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if !toggles(r, body) {
				return false
			}
			sent(r, body, server)
			second := sent(r, body, server)
			answer(w, second, second.Body.Bytes())
			return true
		}},
		"a toggle is done again behind the answer": {"toggle", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if !toggles(r, body) {
				return false
			}
			first := sent(r, body, server)
			sent(r, body, server)
			answer(w, first, first.Body.Bytes())
			return true
		}},
		"a toggle is done and said to be not": {"toggle", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if !toggles(r, body) {
				return false
			}
			sent(r, body, server)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(503)
			fmt.Fprint(w, `{"type":"/problems/unavailable","status":503}`)
			return true
		}},
		"a list is another user's": {"foreign row", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if r.Method != "GET" || !strings.HasSuffix(r.URL.Path, "/user-0/tasks") {
				return false
			}
			r.URL.Path = "/api/user-1/tasks"
			r.Header.Set("Authorization", tokenOf(t, "user-1"))
			reply := sent(r, body, server)
			answer(w, reply, reply.Body.Bytes())
			return true
		}},
		"a page of changes lacks the deletions": {"follower", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if !isPages(r) {
				return false
			}
			reply := sent(r, body, server)
			told := regexp.MustCompile(`"deleted":\[[^\]]*\]`).ReplaceAll(reply.Body.Bytes(), []byte(`"deleted":[]`))
			answer(w, reply, told)
			return true
		}},
		"a page of changes is not told": {"follower", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			var page struct{ Cursor string }
			if !isPages(r) || rand.IntN(4) > 0 {
				return false
			}
			reply := sent(r, body, server)
			if json.Unmarshal(reply.Body.Bytes(), &page) != nil {
				return false
			}
			answer(w, reply, fmt.Appendf(nil, `{"tasks":[],"deleted":[],"cursor":%q,"more":false}`, page.Cursor))
			return true
		}},
		"the version of an edit is an old one": {"version", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if r.Method != "PUT" {
				return false
			}
			reply := sent(r, body, server)
			answer(w, reply, versions.ReplaceAll(reply.Body.Bytes(), []byte(`"version":1000`)))
			return true
		}},
		"an edit is sent twice, and its own success is in its way": {"precondition", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if r.Header.Get("If-Match") == "" {
				return false
			}
			sent(r, body, server)
			second := sent(r, body, server)
			answer(w, second, second.Body.Bytes())
			return true
		}},
		"an operation on many counts what it did not do": {"count", func(w http.ResponseWriter, r *http.Request, body []byte, server http.Handler) bool {
			if r.Method != "PATCH" || r.URL.RawQuery == "" {
				return false
			}
			reply := sent(r, body, server)
			answer(w, reply, []byte(`{"updated":999}`))
			return true
		}},
		"a connection is lost": {"lost connection", func(http.ResponseWriter, *http.Request, []byte, http.Handler) bool {
			if rand.IntN(20) > 0 {
				return false
			}
			panic(http.ErrAbortHandler)
		}},
		"nothing is wrong": {"", nil},
	}
}

// enough requests have deletions among them.
const enough = 500

// TestCheckerCatches runs the workload on servers that are wrong on purpose, and on one
// that is not.
func TestCheckerCatches(t *testing.T) {
	t.Parallel()
	for name, c := range breakages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, table := served(t)
			url := inFrontOf(t, address, c.b)
			load, err := workload.New(workload.Config{
				Servers: []*workload.Server{{Name: "broken", URL: url}}, Secret: secret,
				Users: 3, Clients: 2, Pages: 1, Streams: 1, Pause: 5 * time.Millisecond, Seed: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			work, stopWork := context.WithCancel(t.Context())
			follow, stopFollowing := context.WithCancel(t.Context())
			worked, followed := load.Run(work, follow)
			defer followed()
			defer stopFollowing()
			found := func() bool { _, counts := load.Violations(); return counts[c.rule] > 0 }
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && !found(); time.Sleep(10 * time.Millisecond) {
				if (c.rule == "follower" || c.rule == "") && load.Tally.Sent() > enough {
					break // what only the end tells
				}
			}
			stopWork()
			worked()
			most := time.Minute
			if c.rule == "follower" {
				most = 2 * time.Second // it never catches up
			}
			catching, cancel := context.WithTimeout(t.Context(), most)
			defer cancel()
			if err := load.Verify(catching, table); err != nil {
				t.Fatal(err)
			}
			violations, counts := load.Violations()
			if c.rule == "" && len(counts) > 0 || c.rule != "" && counts[c.rule] == 0 {
				t.Errorf("found %v, want %q: %v", counts, c.rule, violations)
			}
		})
	}
}
