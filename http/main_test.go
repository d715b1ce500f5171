package http_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const secret = "a-secret-of-the-tests-with-32-bytes!"

const (
	alice = "alice"
	bob   = "bob"
)

// api is a whole server with a database of its own behind a real listener.
type api struct {
	t        *testing.T
	url      string
	database string
	handler  http.Handler
	log      *syncedBuffer
	// offContract is for handlers that are not the API, and for load.
	offContract bool
}

func newAPI(t *testing.T, login dbtest.Login) *api {
	t.Helper()
	return serveDatabase(t, dbtest.New(t, login))
}

func serveDatabase(t *testing.T, database string, change ...func(*todohttp.Config)) *api {
	t.Helper()
	a := &api{t: t, database: database, log: &syncedBuffer{}}
	log := slog.New(slog.NewJSONHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	verifier, err := auth.New(auth.Config{Secret: []byte(secret), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	config := todohttp.Config{
		DB: dbtest.Pool(t, database), Verifier: verifier, CORSOrigins: []string{"https://app.example"}, Log: log,
	}
	for _, f := range change {
		f(&config)
	}
	a.handler = todohttp.NewHandler(config)
	a.url = listen(t, a.handler, log)
	return a
}

func listen(t testing.TB, handler http.Handler, log *slog.Logger) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := todohttp.NewServer(handler, log)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String()
}

func token(t testing.TB, user string) string {
	t.Helper()
	signed, err := auth.SignHS256([]byte(secret), auth.Policy{}, auth.Identity{UserID: user, Email: user + "@example.test"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// response is a reply read to its end.
type response struct {
	*http.Response
	body string
}

// problem checks that a reply is a problem document and returns it.
func (a response) problem(t *testing.T) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	if a.Header.Get("Content-Type") != "application/problem+json" || p.Status != a.StatusCode || p.Title == "" || p.Detail == "" ||
		!strings.HasPrefix(p.Type, "/problems/") || p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("%d %v: no whole problem document: %s", a.StatusCode, a.Header, a.body)
	}
	return p
}

type problem struct {
	Type, Title, Detail string
	Status              int
	Errors              []struct{ Pointer, Detail string }
	Current             *task
	RequestID           string `json:"request_id"`
}

type task struct {
	ID          string   `json:"id"`
	UserID      string   `json:"user_id"`
	Title       string   `json:"title"`
	Description *string  `json:"description"`
	Completed   bool     `json:"completed"`
	Priority    string   `json:"priority"`
	DueDate     *string  `json:"due_date"`
	Tags        []string `json:"tags"`
	Version     int64    `json:"version"`
	CreatedAt   string   `json:"created_at"`
	UpdatedAt   string   `json:"updated_at"`
}

func (a response) task(t *testing.T) task {
	t.Helper()
	var got task
	decoder := json.NewDecoder(strings.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return got
}

func (a response) must(t *testing.T, status int) response {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: %d %s, want %d", a.Request.Method, a.Request.URL, a.StatusCode, a.body, status)
	}
	return a
}

// do sends a request as a user, "" for nobody; headers are "Name: value".
func (a *api) do(user, method, path, body string, headers ...string) response {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if user != "" {
		request.Header.Set("Authorization", "Bearer "+token(a.t, user))
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	return a.send(request)
}

func (a *api) send(request *http.Request) response {
	a.t.Helper()
	var sent []byte
	if request.GetBody != nil {
		again, err := request.GetBody()
		if err != nil {
			a.t.Fatal(err)
		}
		if sent, err = io.ReadAll(again); err != nil {
			a.t.Fatal(err)
		}
	}
	got, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if !a.offContract {
		seen := body
		if got.Header.Get("Content-Encoding") != "" && len(body) > 0 {
			seen = []byte(gunzip(a.t, string(body)))
		}
		checkContract(a.t, request, sent, got, seen)
	}
	return response{got, string(body)}
}

// create makes a task over the API.
func (a *api) create(user, title string) task {
	a.t.Helper()
	return a.do(user, "POST", tasksOf(user), fmt.Sprintf(`{"title":%q}`, title)).must(a.t, 201).task(a.t)
}

func tasksOf(user string) string { return "/api/" + user + "/tasks" }

func pathOf(t task) string { return tasksOf(t.UserID) + "/" + t.ID }

// syncedBuffer is a log that is written and read at once.
type syncedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("never: " + what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
