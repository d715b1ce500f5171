package http_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestBulkOperationsTakeTheFiltersOfTheList(t *testing.T) {
	a := newAPI(t, dbtest.NeonOwner)
	for _, body := range []string{`{"title":"milk","tags":["home"]}`, `{"title":"bread","tags":["home"],"completed":true}`, `{"title":"tax","priority":"high"}`} {
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
	if got := a.list("?search=milk")[0]; got.Version != 2 || got.UpdatedAt <= got.CreatedAt {
		t.Errorf("%+v", got)
	}
	mustReply("PATCH", "", `{"completed":true}`, `{"updated":1}`)
	mustReply("PATCH", "?priority=high", `{"completed":false}`, `{"updated":1}`)
	for _, query := range []string{"", "?status=all", "?search=", "?all=false", "?all=true&status=completed", "?limit=1", "?sort=title"} {
		a.do(alice, "DELETE", tasksOf(alice)+query, "").must(t, 400).problem(t)
	}
	for body, status := range map[string]int{"": 400, "{}": 422, `{"completed":null}`: 422, `{"title":"x"}`: 422, `{"completed":true,"title":"x"}`: 422} {
		a.do(alice, "PATCH", tasksOf(alice), body).must(t, status).problem(t)
	}
	mustReply("DELETE", "?completed=true", "", `{"deleted":2}`)
	if got := titles(a.list("")); got != "tax" {
		t.Errorf("left: %s", got)
	}
	mustReply("DELETE", "?all=true", "", `{"deleted":1}`)
	a.do(bob, "GET", pathOf(bobs), "").must(t, 200)
	a.do(bob, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 403)
}

func TestAccountIsSummedUpAndErased(t *testing.T) {
	a := newAPI(t, dbtest.NeonOwner)
	summary := func(user string) string { return a.do(user, "GET", "/api/"+user, "").must(t, 200).body }
	const before = `{"id":"alice","email":null,"created_at":null,"tasks":{"total":0,"completed":0,"pending":0,"overdue":0}}`
	if got := summary(alice); got != before {
		t.Errorf("before the first write: %s", got)
	}
	a.post(`{"title":"a","due_date":"2020-01-01"}`)
	a.post(`{"title":"b","due_date":"2020-01-01","completed":true}`)
	a.post(`{"title":"c","due_date":"9999-01-01"}`)
	var got struct {
		ID, Email string
		CreatedAt string `json:"created_at"`
		Tasks     struct{ Total, Completed, Pending, Overdue int }
	}
	if err := json.Unmarshal([]byte(summary(alice)), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != alice || got.Email != "alice@example.test" || len(got.CreatedAt) != len("2026-11-23T18:05:01.123456Z") || fmt.Sprint(got.Tasks) != "{3 1 2 1}" {
		t.Errorf("%+v", got)
	}
	bobs := a.create(bob, "bob's")
	a.do(bob, "DELETE", "/api/alice", "").must(t, 403)
	for range 2 {
		a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	}
	if got := summary(alice); got != before {
		t.Errorf("after the erasure: %s", got)
	}
	if n := dbtest.Value[int](t, a.database, "SELECT (SELECT count(*) FROM users) * 10 + (SELECT count(*) FROM tasks)"); n != 11 {
		t.Errorf("%d: not one user and one task are left", n)
	}
	a.do(bob, "GET", pathOf(bobs), "").must(t, 200)
	a.create(alice, "back again")
}

type exported struct {
	User       struct{ ID, Email string }
	ExportedAt string `json:"exported_at"`
	Tasks      []task
}

func TestExportIsEverythingAsOneDownload(t *testing.T) {
	a := newAPI(t, dbtest.NeonOwner)
	read := func() (e exported) {
		reply := a.do(alice, "GET", "/api/alice/export", "").must(t, 200)
		if reply.Header.Get("Content-Disposition") != `attachment; filename="tasks.json"` || reply.Header.Get("Content-Type") != "application/json" || reply.Header.Get("Server-Timing") != "" {
			t.Errorf("%v", reply.Header)
		}
		if err := json.Unmarshal([]byte(reply.body), &e); err != nil {
			t.Fatalf("%s: %v", reply.body, err)
		}
		return e
	}
	if e := read(); e.User.ID != alice || e.Tasks == nil || len(e.Tasks) != 0 || e.ExportedAt == "" {
		t.Errorf("before the first write: %+v", e)
	}
	a.create(bob, "bob's")
	dbtest.Exec(t, a.database, `INSERT INTO users (id, email) VALUES ('alice', 'alice@example.test');
		INSERT INTO tasks (user_id, id, title, created_at) SELECT 'alice', gen_random_uuid(), 'task ' || n, now() + n * interval '1 s' FROM generate_series(1, 3000) AS n`)
	e := read()
	if len(e.Tasks) != 3000 || e.Tasks[0].Title != "task 1" || e.Tasks[2999].Title != "task 3000" || e.User.Email != "alice@example.test" {
		t.Errorf("%d tasks of %+v", len(e.Tasks), e.User)
	}
	a.do(alice, "HEAD", "/api/alice/export", "").must(t, 200)
	a.do(bob, "GET", "/api/alice/export", "").must(t, 403)
}

// TestSlowReadersDoNotStarveTheOthers has exports that nobody reads.
func TestSlowReadersDoNotStarveTheOthers(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	a := serveDatabase(t, url+"&pool_max_conns=4")
	dbtest.Exec(t, url, `INSERT INTO users (id) VALUES ('alice'), ('carol');
		INSERT INTO tasks (user_id, id, title, description) SELECT id, gen_random_uuid(), 'task ' || n, repeat('x', 1000) FROM users, generate_series(1, 30000) AS n`)
	var slow []net.Conn
	for _, user := range []string{alice, "carol"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /api/%s/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", user, token(t, user))
		if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
		again := a.do(user, "GET", "/api/"+user+"/export", "").must(t, 503)
		again.problem(t)
		if again.Header.Get("Retry-After") != "30" || again.Header.Get("Content-Disposition") != "" {
			t.Errorf("a user's second export: %v", again.Header)
		}
	}
	a.do(bob, "GET", "/api/bob/export", "").must(t, 503)
	for range 20 {
		a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
	}
	for _, conn := range slow {
		_ = conn.Close()
	}
	eventually(t, "an export may begin again", func() bool {
		reply := a.do(alice, "GET", "/api/alice/export", "")
		return reply.StatusCode == 200 && strings.HasSuffix(reply.body, "]}")
	})
	// Those that were broken off keep no connection, and are in the log.
	for range 8 {
		a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
	}
	eventually(t, "the log has both", func() bool {
		broken := 0
		for line := range strings.Lines(a.log.String()) {
			if strings.Contains(line, "/export") && strings.Contains(line, `"status":200`) && strings.Contains(line, `"error"`) {
				broken++
			}
		}
		return broken >= 2 // an export that began again may have been broken off by a slow machine
	})
}

// TestOneUsersSlowQueriesLeaveConnectionsToOthers has as many requests of one user
// wait for a lock as there are connections.
func TestOneUsersSlowQueriesLeaveConnectionsToOthers(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	a := serveDatabase(t, url+"&pool_max_conns=4")
	made := a.create(alice, "a")
	a.create(bob, "b")
	release := dbtest.LockRows(t, dbtest.SuperuserURL(t, url), "tasks", "user_id = 'alice'")
	waiting := make(chan response, 4)
	for range 4 {
		go func() { waiting <- a.do(alice, "PATCH", pathOf(made)+"/complete", "") }()
	}
	dbtest.WaitForLock(t, url)
	for range 10 {
		a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
	}
	release()
	for range 4 {
		(<-waiting).must(t, 200)
	}
}

func TestServerTimingNamesTheQuery(t *testing.T) {
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for _, c := range []struct{ method, path, body, query string }{
		{"GET", tasksOf(alice), "", "ListTasks"},
		{"GET", tasksOf(alice) + "?sort=title", "", "ListTasksByTitleAsc"},
		{"POST", tasksOf(alice), `{"title":"b"}`, "CreateTask"},
		{"GET", pathOf(made), "", "GetTask"},
		{"PUT", pathOf(made), `{}`, "UpdateTask"},
		{"PATCH", pathOf(made) + "/complete", "", "CompleteTask"},
		{"PATCH", tasksOf(alice), `{"completed":true}`, "CompleteTasks"},
		{"GET", "/api/alice", "", "GetAccount"},
		{"DELETE", pathOf(made), "", "DeleteTask"},
		{"DELETE", pathOf(made), "", "DeleteTask"}, // 404, from the database
		{"DELETE", tasksOf(alice) + "?all=true", "", "ClearTasks"},
		{"DELETE", "/api/alice", "", "EraseAccount"},
		{"GET", tasksOf(alice) + "/1", "", ""},
		{"GET", tasksOf(alice) + "?limit=0", "", ""},
		{"POST", tasksOf(alice), `{`, ""},
	} {
		timing := a.do(alice, c.method, c.path, c.body).Header.Get("Server-Timing")
		var duration float64
		var name string
		if c.query == "" && timing != "" {
			t.Errorf("%s %s: %s", c.method, c.path, timing)
		}
		if c.query == "" {
			continue
		}
		if _, err := fmt.Sscanf(timing, "db;dur=%f;desc=%q", &duration, &name); err != nil || name != c.query || duration <= 0 {
			t.Errorf("%s %s: %q", c.method, c.path, timing)
		}
	}
}

func TestEachRequestIsOneRoundTrip(t *testing.T) {
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	a := serveDatabase(t, proxy.URL+"&pool_max_conns=1")
	made := a.create(alice, "a")
	requests := []struct{ method, path, body string }{
		{"GET", tasksOf(alice) + "?sort=title&search=a", ""},
		{"GET", tasksOf(alice), ""},
		{"POST", tasksOf(alice), `{"title":"b"}`},
		{"GET", pathOf(made), ""},
		{"PUT", pathOf(made), `{"title":"c"}`},
		{"PATCH", pathOf(made), `{"title":"d"}`},
		{"PATCH", pathOf(made) + "/complete", ""},
		{"PATCH", tasksOf(alice), `{"completed":true}`},
		{"GET", "/api/alice", ""},
		{"GET", "/api/alice/export", ""},
		{"DELETE", pathOf(made), ""},
		{"DELETE", tasksOf(alice) + "?completed=true", ""},
		{"DELETE", "/api/alice", ""},
	}
	send := func(count bool) {
		for _, request := range requests {
			proxy.Reset()
			a.do(alice, request.method, request.path, request.body)
			if n := proxy.RoundTrips(); count && n != 1 {
				t.Errorf("%s %s: %d round trips", request.method, request.path, n)
			}
		}
	}
	send(false)
	send(true)
}
