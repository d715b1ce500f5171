package http_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestReplyHasItsHeaders(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	ids := map[string]bool{}
	for _, reply := range []response{
		a.do(alice, "GET", tasksOf(alice), ""),
		a.do(alice, "GET", pathOf(made), ""),
		a.do(alice, "DELETE", pathOf(made), ""),
		a.do(alice, "GET", pathOf(made), ""),
		a.do(alice, "POST", tasksOf(alice), "{"),
		a.do(alice, "POST", tasksOf(alice), "{}"),
		a.do(alice, "BREW", tasksOf(alice), ""),
		a.do("", "GET", tasksOf(alice), ""),
		a.do(bob, "GET", tasksOf(alice), ""),
		a.do(alice, "GET", "/api/alice/nothing", ""),
		a.do(alice, "OPTIONS", tasksOf(alice), "", "Origin: https://app.example", "Access-Control-Request-Method: PUT"),
	} {
		h := reply.Header
		if h.Get("X-Request-Id") == "" || ids[h.Get("X-Request-Id")] || h.Get("Cache-Control") != "private, no-cache" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %d %v", reply.Request.Method, reply.Request.URL, reply.StatusCode, h)
		}
		ids[h.Get("X-Request-Id")] = true
	}
}

func TestCORSAllowsTheConfiguredOrigins(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	preflight := func(origin, method, headers string) response {
		return a.do("", "OPTIONS", tasksOf(alice), "", "Origin: "+origin, "Access-Control-Request-Method: "+method, "Access-Control-Request-Headers: "+headers).must(t, 204)
	}
	const headers = "authorization,baggage,content-type,idempotency-key,if-match,if-none-match,last-event-id,prefer,sentry-trace,traceparent,tracestate,x-requested-with"
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		h := preflight("https://app.example", method, headers).Header
		if h.Get("Access-Control-Allow-Origin") != "https://app.example" || h.Get("Access-Control-Allow-Methods") != method || h.Get("Access-Control-Allow-Headers") != headers ||
			h.Get("Access-Control-Max-Age") != "7200" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("preflight of %s: %v", method, h)
		}
	}
	for name, h := range map[string]http.Header{
		"another origin": preflight("https://evil.example", "GET", "authorization").Header,
		"another method": preflight("https://app.example", "BREW", "authorization").Header,
		"null origin":    preflight("null", "GET", "authorization").Header,
	} {
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s: %v", name, h)
		}
	}
	for _, reply := range []response{
		a.do(alice, "GET", tasksOf(alice), "", "Origin: https://app.example").must(t, 200),
		a.do("", "GET", tasksOf(alice), "", "Origin: https://app.example").must(t, 401),
	} {
		exposed := strings.ToLower(reply.Header.Get("Access-Control-Expose-Headers"))
		for _, name := range []string{"content-disposition", "etag", "link", "location", "ratelimit", "ratelimit-policy", "retry-after", "server-timing", "www-authenticate", "x-request-id"} {
			if !slices.Contains(strings.Split(exposed, ", "), name) {
				t.Errorf("%s is not exposed: %q", name, exposed)
			}
		}
		if reply.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || reply.Header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(reply.Header.Get("Vary"), "Origin") {
			t.Errorf("%v", reply.Header)
		}
	}
	if h := a.do(alice, "GET", tasksOf(alice), "", "Origin: https://evil.example").Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", h)
	}
}

func TestCORSAllowsNoOriginUnlessConfigured(t *testing.T) {
	t.Parallel()
	verifier, err := auth.New(auth.Config{Secret: []byte(secret)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	a := &api{t: t, url: listen(t, todohttp.NewHandler(todohttp.Config{DB: dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)), Verifier: verifier, Log: log}), log)}
	if h := a.do(alice, "GET", tasksOf(alice), "", "Origin: https://app.example").must(t, 200).Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", h)
	}
}

func TestHealthFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	if got := a.do("", "GET", "/health", "").must(t, 200).body; got != `{"status":"healthy"}` {
		t.Error(got)
	}
	away := serveDatabase(t, "postgres://user:hunter2@127.0.0.1:1/none?sslmode=disable")
	away.do("", "GET", "/health", "").must(t, 503).problem(t)
}

func TestErrorsOfAnUnreachableDatabaseAre503AndOnlyTheLogSaysWhy(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, "postgres://user:hunter2@127.0.0.1:1/none?sslmode=disable")
	for _, reply := range []response{
		a.do(alice, "GET", tasksOf(alice), "").must(t, 503),
		a.do(alice, "POST", tasksOf(alice), `{"title":"precious"}`).must(t, 503),
	} {
		p := reply.problem(t)
		if reply.Header.Get("Retry-After") == "" || strings.Contains(reply.body, "127.0.0.1") || strings.Contains(reply.body, "refused") {
			t.Errorf("%v %s", reply.Header, reply.body)
		}
		eventually(t, "the log has the cause", func() bool {
			for line := range strings.Lines(a.log.String()) {
				if strings.Contains(line, p.RequestID) && strings.Contains(line, "127.0.0.1:1") && strings.Contains(line, `"level":"ERROR"`) {
					return true
				}
			}
			return false
		})
	}
	if log := a.log.String(); strings.Contains(log, "hunter2") || strings.Contains(log, "precious") {
		t.Errorf("the log tells secrets: %s", log)
	}
}

// TestErrorsForWantOfAConnectionAre503 has one connection, which a lock keeps busy.
func TestErrorsForWantOfAConnectionAre503(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	a := serveDatabase(t, url+"&pool_max_conns=1")
	a.create(alice, "a")
	release := dbtest.Lock(t, url, "tasks")
	busy := make(chan response)
	go func() { busy <- a.do(alice, "GET", tasksOf(alice), "") }()
	dbtest.WaitForLock(t, url)
	reply := a.do(bob, "GET", tasksOf(bob), "").must(t, 503)
	reply.problem(t)
	if reply.Header.Get("Retry-After") == "" {
		t.Errorf("%v", reply.Header)
	}
	(<-busy).must(t, 503).problem(t) // for want of the lock, a little earlier
	release()
	a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
}

// TestClientThatDisconnectsLeavesTheConnectionUsable has a client give up while its write waits: the
// write is done, and the one connection serves the next.
func TestClientThatDisconnectsLeavesTheConnectionUsable(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	a := serveDatabase(t, url+"&pool_max_conns=1")
	made := a.create(alice, "a")
	backend := "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'CompleteTask|^COMMIT$'"
	a.do(alice, "PATCH", pathOf(made)+"/complete", "").must(t, 200)
	before := dbtest.Value[string](t, url, backend)
	release := dbtest.Lock(t, url, "tasks")
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "PATCH", a.url+pathOf(made)+"/complete", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token(t, alice))
	gone := make(chan error)
	go func() {
		_, err := http.DefaultTransport.RoundTrip(request)
		gone <- err
	}()
	dbtest.WaitForLock(t, url)
	leave()
	if err := <-gone; err == nil {
		t.Error("the client did not leave")
	}
	release()
	eventually(t, "the write is done", func() bool {
		return !a.do(alice, "GET", pathOf(made), "").must(t, 200).task(t).Completed
	})
	a.do(alice, "PATCH", pathOf(made)+"/complete", "").must(t, 200)
	if after := dbtest.Value[string](t, url, backend); after != before {
		t.Errorf("the connection was %s and is %s", before, after)
	}
	if strings.Contains(a.log.String(), `"level":"ERROR"`) {
		t.Error(a.log)
	}
}

func TestErrorsOfABrokenDatabaseAre500AndOnlyTheLogSaysWhy(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, "ALTER TABLE tasks RENAME COLUMN title TO headline")
	reply := a.do(alice, "GET", tasksOf(alice), "").must(t, 500)
	reply.problem(t)
	if strings.Contains(reply.body, "title") && strings.Contains(reply.body, "column") {
		t.Error(reply.body)
	}
	eventually(t, "the log has the cause", func() bool { return strings.Contains(a.log.String(), "42703") })
}

func TestLogNamesTheRequestAndNoPerson(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	signed := token(t, alice)
	a.do(alice, "POST", tasksOf(alice), `{"title":"very private"}`).must(t, 201)
	a.do(alice, "POST", tasksOf(alice)+"?search=private-query", `{"title":"very private"}`).must(t, 400)
	a.do(alice, "POST", tasksOf(alice), `{"title":"very private","private-name":1}`).must(t, 422)
	a.do("", "GET", "/api/alice/tasks", "", "Authorization: Bearer "+signed[:len(signed)-5]).must(t, 401)
	a.do("", "GET", "/private-path", "").must(t, 404)
	e := a.stream(alice, "")
	e.must()
	e.close()
	eventually(t, "six requests and the end of a stream", func() bool {
		return strings.Count(a.log.String(), `"msg":"request"`) == 6 && strings.Count(a.log.String(), `"msg":"stream"`) == 1
	})
	log := a.log.String()
	for _, private := range []string{"very private", "private-query", "private-path", "private-name", signed[:40], "alice", "Bearer"} {
		if strings.Contains(log, private) {
			t.Errorf("the log says %q: %s", private, log)
		}
	}
	sum := sha256.Sum256([]byte(alice))
	for _, want := range []string{`"method":"POST"`, `"route":"/api/{user_id}/tasks"`, `"status":201`, `"bytes":`, `"duration_ms":`, `"request_id":"` + e.reply.Header.Get("X-Request-Id"), `"reason":"the client left"`, `"user":"` + hex.EncodeToString(sum[:8])} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
}

func TestErrorsOfAPanicAre500AndTheServerGoesOn(t *testing.T) {
	t.Parallel()
	buffer := &syncedBuffer{}
	log := slog.New(slog.NewJSONHandler(buffer, nil))
	broken := true
	a := &api{t: t, offContract: true, url: listen(t, todohttp.Instrumented(log, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken {
			broken = false
			panic("the cause")
		}
		w.WriteHeader(http.StatusNoContent)
	})), log)}
	if reply := a.do("", "GET", "/", "").must(t, 500); strings.Contains(reply.body, "the cause") {
		t.Error(reply.body)
	} else {
		reply.problem(t)
	}
	if !strings.Contains(buffer.String(), "the cause") {
		t.Error(buffer)
	}
	a.do("", "GET", "/", "").must(t, 204)
}

func TestServerLimitsSlowClients(t *testing.T) {
	t.Parallel()
	server := todohttp.NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Errorf("%+v", server)
	}
}
