package http_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// losing serves a database whose answers can be lost, on one connection.
func losing(t *testing.T) (*api, *dbtest.Proxy) {
	t.Helper()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	return serveDatabase(t, proxy.URL+"&pool_max_conns=1"), proxy
}

// toggleWhoseAnswerIsLost returns what the client gets.
func toggleWhoseAnswerIsLost(t *testing.T) response {
	t.Helper()
	a, proxy := losing(t)
	made := a.create(alice, "a")
	toggle := func() response { return a.do(alice, "PATCH", pathOf(made)+"/complete", "") }
	toggle().must(t, 200) // the connection knows the statement now
	proxy.LoseAnswer()
	return toggle()
}

// breakOff has the second step of an operation on all of Alice's tasks fail.
func breakOff(t *testing.T, a *api) {
	t.Helper()
	a.create(alice, "a")
	dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), `
		INSERT INTO tasks (user_id, id, title, version) SELECT 'alice', gen_random_uuid(), 'Task ' || n, 1 FROM generate_series(1, 11999) AS n;
		CREATE SEQUENCE failures;
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
		$$ BEGIN IF nextval('failures') = 11000 THEN RAISE EXCEPTION 'took too long' USING ERRCODE = '57014'; END IF; RETURN COALESCE(new, old); END $$;
		CREATE TRIGGER fail BEFORE UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION fail()`)
}

func TestBulkThatBreaksOffIsDoneByTheSameRequest(t *testing.T) {
	t.Parallel()
	for _, request := range []struct{ method, path, body, want string }{
		{"PATCH", tasksOf(alice) + "?all=true", `{"completed":true}`, `{"updated":2000}`},
		{"DELETE", tasksOf(alice) + "?all=true", "", `{"deleted":2000}`},
		{"DELETE", "/api/alice", "", ""},
	} {
		a := newAPI(t, dbtest.NeonOwner)
		breakOff(t, a)
		reply := a.do(alice, request.method, request.path, request.body).must(t, 503)
		if p := reply.problem(t); p.Type != "/problems/incomplete" || !strings.Contains(p.Detail, "10000 tasks") || reply.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: %+v", request.method, request.path, p)
		}
		if got := a.do(alice, request.method, request.path, request.body); got.StatusCode >= 300 || got.body != request.want {
			t.Errorf("%s %s again: %d %s", request.method, request.path, got.StatusCode, got.body)
		}
		if left := a.list("?status=pending"); len(left) > 0 {
			t.Errorf("%s %s: %d are left", request.method, request.path, len(left))
		}
	}
}

// TestLostAnswerIsRepeatedOrSaidToBeUnknown has the answer of the database get lost after
// the change is committed.
func TestLostAnswerIsRepeatedOrSaidToBeUnknown(t *testing.T) {
	t.Parallel()
	a, proxy := losing(t)
	const known, deleted = "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b811-9dad-41d1-80b4-00c04fd430c8"
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		tasks                      string // after it, with which of them are completed
	}{
		{"GET", tasksOf(alice), "", "", 200, "a"},
		{"GET", "/api/alice/changes", "", "", 200, "a"},
		{"GET", "/api/alice", "", "", 200, "a"},
		{"GET", "/api/alice/export", "", "", 200, "a"},
		{"POST", tasksOf(alice), `{"title":"b"}`, "", 201, "a b"},
		{"POST", tasksOf(alice), `{"title":"b"}`, "Idempotency-Key: 6ba7b812-9dad-41d1-80b4-00c04fd430c8", 201, "a b"},
		{"PUT", tasksOf(alice) + "/" + known, `{"title":"c"}`, "", 200, "c"},
		{"PATCH", tasksOf(alice) + "/" + known, `{"title":"c"}`, "If-Match: *", 200, "c"},
		{"PATCH", tasksOf(alice) + "/" + known + "/complete", `{"completed":true}`, "", 200, "a+"},
		{"DELETE", tasksOf(alice) + "/" + known, "", "", 204, ""},
		{"DELETE", "/api/alice", "", "", 204, ""},
		{"PATCH", tasksOf(alice) + "/" + known + "/complete", "", "", 503, "a+"},
		{"PATCH", tasksOf(alice) + "/" + known + "/complete", `{"completed":true}`, `If-None-Match: "1"`, 503, "a+"},
		{"PUT", tasksOf(alice) + "/" + known, `{"title":"c"}`, "If-Match: current", 503, "c"},
		{"PUT", tasksOf(alice) + "/" + deleted, `{"title":"c"}`, "If-None-Match: *", 503, "a c"},
		{"DELETE", tasksOf(alice) + "/" + known, "", "If-Match: current", 503, ""},
		{"PATCH", tasksOf(alice) + "?all=true", `{"completed":true}`, "", 503, "a+"},
		{"DELETE", tasksOf(alice) + "?all=true", "", "", 503, ""},
	} {
		prepare := func() task {
			a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
			a.do(alice, "POST", tasksOf(alice), `{"title":"gone","id":"`+deleted+`"}`).must(t, 201)
			a.do(alice, "DELETE", tasksOf(alice)+"/"+deleted, "").must(t, 204)
			return a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"`+known+`"}`).must(t, 201).task(t)
		}
		send := func(made task) response {
			header := cmp.Or(c.header, "Accept: application/json")
			return a.do(alice, c.method, c.path, c.body, strings.Replace(header, "current", tagOf(made), 1))
		}
		send(prepare()) // the connection knows the statements now
		made := prepare()
		proxy.LoseAnswer()
		reply := send(made).must(t, c.status)
		if !proxy.Lost() {
			t.Errorf("%s %s: no answer was lost", c.method, c.path)
		}
		if c.status == 503 && (reply.problem(t).Type != "/problems/outcome-unknown" || reply.Header.Get("Retry-After") != "") {
			t.Errorf("%s %s: %v %s", c.method, c.path, reply.Header, reply.body)
		}
		var stored []string
		for _, task := range a.list("?sort=title") {
			stored = append(stored, task.Title+map[bool]string{true: "+"}[task.Completed])
		}
		if got := strings.Join(stored, " "); got != c.tasks {
			t.Errorf("%s %s %s: stored is %q, want %q", c.method, c.path, c.header, got, c.tasks)
		}
	}
}
