package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/measure"
)

const fewUsers = 20

// program is todo, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "todo-load-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "todo")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../todo").CombinedOutput(); err != nil {
		panic(string(out))
	}
	dbtest.Main(m, func() { _ = os.RemoveAll(dir) })
}

// filled returns the URL of a database and its users.
func filled(t *testing.T) (string, users) {
	t.Helper()
	databaseURL := dbtest.New(t, dbtest.NeonOwner)
	if err := measure.Fill(t.Context(), dbtest.SuperuserURL(t, databaseURL), fewUsers, tasksPerUser); err != nil {
		t.Fatal(err)
	}
	u, err := newUsers(fewUsers, tasksPerUser)
	if err != nil {
		t.Fatal(err)
	}
	return databaseURL, u
}

func serving(t *testing.T, databaseURL string) *server {
	t.Helper()
	s, err := startServer(t.Context(), program, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func send(t *testing.T, l load, s *server, u users, kinds ...kind) *outcome {
	t.Helper()
	o, err := l.send(t.Context(), s, u.targets(s.url, kinds...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestLoadCountsWhatItSent compares what it reports with what the server logged.
func TestLoadCountsWhatItSent(t *testing.T) {
	databaseURL, u := filled(t)
	s := serving(t, databaseURL)
	closed := send(t, load{name: "closed", clients: 4, duration: 500 * time.Millisecond}, s, u, mix...)
	open := send(t, load{name: "open", rate: 100, duration: 500 * time.Millisecond}, s, u, mix...)
	if open.all.Requests != 50 {
		t.Errorf("sent %d requests in half a second at 100 a second", open.all.Requests)
	}

	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ended <- <-s.ended
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	logged := map[string]uint64{}
	for line := range bytes.Lines(log) {
		var said struct{ Msg, Method, Route string }
		if err := json.Unmarshal(line, &said); err != nil || said.Msg != "request" {
			continue
		}
		name := map[string]string{"POST": create.name, "PUT": update.name, "PATCH": toggle.name}[said.Method]
		if said.Method == "GET" {
			name = list.name
			if strings.HasSuffix(said.Route, "/{id}") {
				name = get.name
			}
		}
		logged[name]++
	}
	all := uint64(0)
	for _, k := range mix {
		sent := uint64(0)
		for _, o := range []*outcome{closed, open} { // a slow machine sends few of each
			if m := o.kinds[k.name]; m != nil {
				sent += m.Requests
			}
		}
		if sent != logged[k.name] {
			t.Errorf("%s: reports %d requests, the server logged %d", k.name, sent, logged[k.name])
		}
		all += sent
	}
	if sum := closed.all.Requests + open.all.Requests; sum != all {
		t.Errorf("reports %d requests, and %d by kind", sum, all)
	}
	if closed.all.failed+open.all.failed != 0 {
		t.Errorf("failed: %v, %v", closed.errors, open.errors)
	}
}

func TestLoadTakesAnotherStatusForAFailure(t *testing.T) {
	databaseURL, u := filled(t)
	s := serving(t, databaseURL)
	missing := get
	missing.path = func(int, int) string { return "/" + uuid.NewString() }
	unread := create
	unread.body = func() string { return `{"title":` }
	// The first one makes the task, 201; to the others the reply is 200.
	again, id := create, uuid.NewString()
	again.body = func() string { return `{"title":"Again","id":"` + id + `"}` }
	wrongUser := users{first: 2, tokens: u.tokens[:1], tasks: tasksPerUser}
	for name, c := range map[string]struct {
		kind      kind
		users     users
		succeeded uint64
		says      string
	}{
		"not found":        {missing, u, 0, "get: 404 Not Found"},
		"not accepted":     {unread, u, 0, "create: 400 Bad Request"},
		"not the token's":  {list, wrongUser, 0, "list: 403 Forbidden"},
		"stored before":    {again, u.only(1, tasksPerUser), 1, "create: 200 instead of 201"},
		"none of the kind": {kind{name: "DELETE", share: 1, method: "DELETE", path: ofTask("")}, u, 0, "DELETE: 204 instead of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			o := send(t, load{clients: 1, duration: 100 * time.Millisecond}, s, c.users, c.kind)
			if o.all.Requests < 2 || o.all.Requests-o.all.failed != c.succeeded || o.errors[c.says] == 0 {
				t.Errorf("%d of %d failed: %v, want %q", o.all.failed, o.all.Requests, o.errors, c.says)
			}
		})
	}
}

func TestLoadTakesAServerThatIsAwayForAFailure(t *testing.T) {
	databaseURL, u := filled(t)
	s := serving(t, databaseURL)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ended <- <-s.ended
	if o := send(t, load{clients: 1, duration: 50 * time.Millisecond}, s, u, mix...); o.all.failed == 0 || o.all.failed != o.all.Requests || o.throughput() != 0 {
		t.Errorf("%d of %d failed: %v", o.all.failed, o.all.Requests, o.errors)
	}
}

func TestMixPlots(t *testing.T) {
	databaseURL, u := filled(t)
	path := filepath.Join(t.TempDir(), "new", "plot.html")
	m := mixTest{program: program, databaseURL: databaseURL, users: u, clients: 4, duration: 300 * time.Millisecond, kinds: mix, plot: path}
	var out bytes.Buffer
	// How fast this machine is does not matter here.
	if err := m.run(t.Context(), &out); err != nil && strings.Contains(err.Error(), "failed") {
		t.Error(err)
	}
	for _, text := range []string{"closed loop, 4 clients", "open loop at 75 %", "p95", "plot: " + path} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not print %q:\n%s", text, &out)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<!doctype html>", "</html>", "closed loop, 4 clients", "open loop at 25 %"} {
		if !bytes.Contains(page, []byte(text)) {
			t.Errorf("the plot has no %q", text)
		}
	}
}

func TestMixFailsIfARequestDid(t *testing.T) {
	databaseURL, u := filled(t)
	u.tokens = u.tokens[1:] // each another user's
	m := mixTest{program: program, databaseURL: databaseURL, users: u, clients: 2, duration: 60 * time.Millisecond, kinds: mix, plot: filepath.Join(t.TempDir(), "plot.html")}
	var out bytes.Buffer
	if err := m.run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "requests failed") || !strings.Contains(out.String(), "403 Forbidden") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestScaleComparesEverything(t *testing.T) {
	var out bytes.Buffer
	settings := map[string]string{"fsync": "off", "max_connections": "100"}
	databaseURL, stop, err := startDatabase(t.Context(), settings, &out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	s := scaleTest{
		program: program, baseline: fewUsers, sizes: []int{2 * fewUsers}, manyTasks: 200, manyClients: 150,
		turn: 20 * time.Millisecond, rounds: 1, bufferRuns: 5, database: settings, out: &out, url: databaseURL,
	}
	if err := s.run(t.Context()); err != nil && strings.Contains(err.Error(), "failed") {
		t.Error(err)
	}
	for _, text := range []string{
		"one user with 200 tasks", "AddTask", "indexes", "fsync = off",
		"list: 150 clients to 100", "get: 40 users to 20", "create: one user with 200 tasks to one with 5",
	} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not print %q:\n%s", text, &out)
		}
	}
}
