package http_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// tagOf is the entity tag of a task in a state.
func tagOf(t task) string { return fmt.Sprintf(`"%d"`, t.Version) }

func TestETagOfATaskIsItsVersionAndSavesATransfer(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	last := made.Version
	for _, request := range []struct {
		method, suffix, body string
		changes              bool
	}{
		{"GET", "", "", false},
		{"PUT", "", `{"title":"b"}`, true},
		{"PATCH", "", `{"title":"c"}`, true},
		{"PATCH", "", `{"title":"c"}`, false},
		{"PATCH", "/complete", "", true},
		{"PATCH", "/complete", `{"completed":true}`, false},
	} {
		reply := a.do(alice, request.method, pathOf(made)+request.suffix, request.body).must(t, 200)
		now := reply.task(t)
		if reply.Header.Get("ETag") != tagOf(now) || (now.Version > last) != request.changes || now.Version < last {
			t.Errorf("%s %s: ETag: %s, %+v after %d", request.method, request.suffix, reply.Header.Get("ETag"), now, last)
		}
		last = now.Version
	}
	tag := fmt.Sprintf(`"%d"`, last)
	if got := a.do(alice, "HEAD", pathOf(made), "").must(t, 200).Header.Get("ETag"); got != tag {
		t.Errorf("HEAD: ETag: %s", got)
	}
	for condition, status := range map[string]int{
		tag: 304, `W/` + tag: 304, `*`: 304, `"3", ` + tag: 304, `"3","x" , W/` + tag: 304, `"3"`: 200, strings.Trim(tag, `"`): 200, strings.TrimSuffix(tag, `"`): 200, `""`: 200,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			reply := a.do(alice, method, pathOf(made), "", "If-None-Match: "+condition).must(t, status)
			if status == 304 && (reply.body != "" || reply.Header.Get("ETag") != tag || reply.Header.Get("Cache-Control") == "") {
				t.Errorf("304: %v %q", reply.Header, reply.body)
			}
		}
	}
}

func TestETagOfAListFollowsEveryChangeOfTheUser(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	etag := func(query string) string {
		tag := a.do(alice, "GET", tasksOf(alice)+query, "").must(t, 200).Header.Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) {
			t.Errorf("%s is not weak", tag)
		}
		return tag
	}
	last := etag("")
	if etag("") != last || etag("?limit=1") == last {
		t.Errorf("%s, then %s, and of another list %s", last, etag(""), etag("?limit=1"))
	}
	var made task
	for what, change := range []func(){
		func() { made = a.create(alice, "a") },
		func() { a.create(alice, "b") },
		func() { a.do(alice, "PUT", pathOf(made), `{"title":"c"}`).must(t, 200) },
		func() { a.do(alice, "PATCH", pathOf(made)+"/complete", "").must(t, 200) },
		func() { a.do(alice, "DELETE", pathOf(made), "").must(t, 204) },
		func() { a.do(alice, "PUT", pathOf(made), `{"title":"c"}`, "If-None-Match: *").must(t, 201) },
		func() { a.do(alice, "PATCH", tasksOf(alice)+"?all=true", `{"completed":true}`).must(t, 200) },
		func() { a.do(alice, "DELETE", tasksOf(alice)+"?completed=true", "").must(t, 200) },
		func() { a.do(alice, "DELETE", "/api/alice", "").must(t, 204) },
		func() { a.create(alice, "a") },
	} {
		change()
		now := etag("")
		if now == last {
			t.Errorf("change %d does not show in the tag", what)
		}
		a.do(alice, "GET", tasksOf(alice), "", "If-None-Match: "+last).must(t, 200)
		reply := a.do(alice, "GET", tasksOf(alice), "", "If-None-Match: "+now).must(t, 304)
		if reply.body != "" || reply.Header.Get("ETag") != now || !strings.Contains(reply.Header.Get("Server-Timing"), "GetVersion") {
			t.Errorf("304 read more than the counter: %v %q", reply.Header, reply.body)
		}
		last = now
	}
	a.create(bob, "bob's")
	if etag("") != last {
		t.Error("another user's change shows in the tag")
	}
	a.do(alice, "GET", tasksOf(alice)+"?status=pending", "", "If-None-Match: "+last).must(t, 200)
	a.do(alice, "GET", tasksOf(alice), "", "If-None-Match: "+strings.TrimPrefix(last, "W/")).must(t, 304)
}

func TestVersionIsNeverMetAgain(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	first := a.create(alice, "a")
	seen := first.Version
	again := func(how string, now task) {
		t.Helper()
		if now.ID != first.ID || now.Version <= seen || now.Version >= 1<<53 {
			t.Errorf("%s: %+v after %d", how, now, seen)
		}
		a.do(alice, "GET", pathOf(first), "", "If-None-Match: "+tagOf(first)).must(t, 200)
		a.do(alice, "PUT", pathOf(first), `{"title":"x"}`, "If-Match: "+tagOf(first)).must(t, 412)
		seen = now.Version
	}
	a.do(alice, "DELETE", pathOf(first), "").must(t, 204)
	again("undone", a.do(alice, "PUT", pathOf(first), `{"title":"a"}`, "If-None-Match: *").must(t, 201).task(t))
	a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	again("erased and made again", a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"`+first.ID+`"}`).must(t, 201).task(t))
}

func TestIfMatchRefusesAStaleChange(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	current := a.do(alice, "PUT", pathOf(made), `{"title":"b"}`).must(t, 200).task(t)
	v := strings.Trim(tagOf(current), `"`)
	requests := []struct{ method, suffix, body string }{{"PUT", "", `{"title":"x"}`}, {"PATCH", "", `{"title":"x"}`}, {"PATCH", "/complete", ""}, {"DELETE", "", ""}}
	stored := usersRow(t, a, alice)
	for _, request := range requests {
		change := func(header string) response {
			return a.do(alice, request.method, pathOf(made)+request.suffix, request.body, header)
		}
		for _, condition := range []string{tagOf(made), `W/"` + v + `"`, `"0` + v + `"`, `"+` + v + `"`, `"two"`, tagOf(made) + `, "3"`, `""`, `"99999999999999999999"`} {
			p := change("If-Match: "+condition).must(t, 412).problem(t)
			if p.Type != "/problems/precondition-failed" || p.Current == nil || !reflect.DeepEqual(*p.Current, current) {
				t.Errorf("%+v, and the task is %+v", p, current)
			}
		}
		for _, condition := range []string{`"` + v + `"`, `W/"` + v + `"`, "*", `"1" , "` + v + `"`} {
			p := change("If-None-Match: "+condition).must(t, 412).problem(t)
			if p.Type != "/problems/precondition-failed" || p.Current == nil || !reflect.DeepEqual(*p.Current, current) {
				t.Errorf("%+v, and the task is %+v", p, current)
			}
		}
		for _, condition := range []string{v, `"` + v, v + `"`, `w/"` + v + `"`, `"2" "3"`, `*, "2"`, "", ",", `"a b"`} {
			change("If-Match: "+condition).must(t, 400).problem(t)
			change("If-None-Match: "+condition).must(t, 400).problem(t)
		}
		missing := tasksOf(alice) + "/00000000-0000-4000-8000-000000000000" + request.suffix
		for _, condition := range []string{"*", `"1"`} {
			a.do(alice, request.method, missing, request.body, "If-Match: "+condition).must(t, 404)
		}
		a.do(alice, request.method, missing, request.body, `If-None-Match: "1"`).must(t, 404)
		for _, condition := range []string{"*", `"1"`, `W/"1"`} {
			a.do(alice, request.method, missing, request.body, "If-Match: "+condition, "If-None-Match: *").must(t, 404)
		}
	}
	if got := a.do(alice, "GET", pathOf(made), "").task(t); !reflect.DeepEqual(got, current) {
		t.Errorf("%+v", got)
	}
	for _, headers := range [][]string{
		{"If-Match: " + tagOf(current), "If-None-Match: " + tagOf(current)},
		{"If-Match: " + tagOf(current), "If-None-Match: *"},
		{"If-Match: *", "If-None-Match: *"},
		{"If-Match: " + tagOf(made), `If-None-Match: "1"`},
		{`If-None-Match: "1"`, "If-None-Match: " + tagOf(current)},
	} {
		for _, request := range requests {
			a.do(alice, request.method, pathOf(made)+request.suffix, request.body, headers...).must(t, 412)
		}
	}
	if now := usersRow(t, a, alice); now != stored {
		t.Errorf("refused requests wrote the user's row: %s, was %s", now, stored)
	}
	c := a.do(alice, "PUT", pathOf(made), `{"title":"c"}`, "If-Match: ,"+tagOf(current)+",\t, ", `If-None-Match: , "1",`).must(t, 200).task(t)
	d := a.do(alice, "PATCH", pathOf(made), `{"title":"d"}`, `If-Match: "1" , W/"3",  `+tagOf(c)).must(t, 200).task(t)
	e := a.do(alice, "PATCH", pathOf(made)+"/complete", "", `If-Match: "1"`, "If-Match: "+tagOf(d)).must(t, 200).task(t)
	f := a.do(alice, "PATCH", pathOf(made)+"/complete", "", "If-Match: *", "If-None-Match: "+tagOf(d)).must(t, 200).task(t)
	a.do(alice, "DELETE", pathOf(made), "", "If-Match: "+tagOf(e)).must(t, 412)
	a.do(alice, "DELETE", pathOf(made), "", "If-Match: "+tagOf(f)).must(t, 204)
}

// TestPreconditionFailedSaysWhichAndWhy reads what each route that has preconditions says
// to a person.
func TestPreconditionFailedSaysWhichAndWhy(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	now := tagOf(made)
	const (
		stale    = "the task has changed since you read it: If-Match does not name its current version"
		excluded = "the task is in a state that If-None-Match excludes"
		exists   = "there is a task of this id, and If-None-Match: * asks that there be none"
	)
	weak := "If-Match has a weak entity tag, and one that begins with W/ never matches: send " + now + " for the task as it is in current"
	for _, c := range []struct {
		headers []string
		detail  string
	}{
		{[]string{`If-Match: "1"`}, stale},
		{[]string{`If-Match: W/"1"`}, weak},
		{[]string{"If-Match: W/" + now}, weak},
		{[]string{`If-Match: "1", W/` + now}, weak},
		{[]string{`If-Match: "1"`, "If-None-Match: *"}, stale},
		{[]string{`If-Match: "1"`, "If-None-Match: " + now}, stale},
		{[]string{"If-None-Match: *"}, exists},
		{[]string{"If-Match: *", "If-None-Match: *"}, exists},
		{[]string{"If-Match: " + now, "If-None-Match: *"}, exists},
		{[]string{"If-None-Match: " + now}, excluded},
		{[]string{"If-None-Match: W/" + now}, excluded},
		{[]string{"If-Match: *", "If-None-Match: " + now}, excluded},
		{[]string{`If-Match: W/"1", ` + now, "If-None-Match: " + now}, excluded},
	} {
		for _, request := range []struct{ method, suffix, body string }{
			{"PUT", "", `{"title":"x"}`}, {"PATCH", "", `{"title":"x"}`}, {"PATCH", "/complete", ""}, {"PATCH", "/complete", `{"completed":true}`}, {"DELETE", "", ""},
		} {
			p := a.do(alice, request.method, pathOf(made)+request.suffix, request.body, c.headers...).must(t, 412).problem(t)
			if p.Detail != c.detail || p.Current == nil || !reflect.DeepEqual(*p.Current, made) {
				t.Errorf("%s %s %q: %s, current %+v", request.method, request.suffix, c.headers, p.Detail, p.Current)
			}
		}
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if p := a.do(alice, "DELETE", pathOf(made), "", name+": ").must(t, 400).problem(t); p.Detail != name+": is empty" {
			t.Error(p.Detail)
		}
	}
	a.do(alice, "PATCH", pathOf(made)+"/complete", "", `If-Match: W/"1", `+now, `If-None-Match: "1"`).must(t, 200)
}

// usersRow is the stored row of a user: which version of it, and what is in it.
func usersRow(t *testing.T, a *api, user string) string {
	t.Helper()
	return dbtest.Value[string](t, a.database, "SELECT xmin || ' ' || ctid || ' ' || to_jsonb(users) FROM users WHERE id = $1", user)
}

func TestPreconditionOnWhatCannotHonourItDoesNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	stored := usersRow(t, a, alice)
	for _, header := range []string{"If-Match: *", "If-Match: " + tagOf(made), "If-Match: ", `If-Match: W/"1"`, "If-Match: 1", "If-None-Match: *", "If-None-Match: ", `If-None-Match: "1"`, "If-None-Match: 1"} {
		a.do(alice, "PATCH", tasksOf(alice)+"?all=true", `{"completed":true}`, header).must(t, 400).problem(t)
		a.do(alice, "DELETE", tasksOf(alice)+"?all=true", "", header).must(t, 400).problem(t)
		a.do(alice, "DELETE", "/api/alice", "", header).must(t, 400).problem(t)
		a.do(alice, "POST", tasksOf(alice), `{"title":"b"}`, header).must(t, 400).problem(t)
		a.do(alice, "POST", tasksOf(alice), `{"title":"b"}`, header, "Idempotency-Key: "+made.ID).must(t, 400).problem(t)
	}
	if got := a.do(alice, "GET", pathOf(made), "").must(t, 200).task(t); !reflect.DeepEqual(got, made) || usersRow(t, a, alice) != stored {
		t.Errorf("%+v, was %+v", got, made)
	}
}

// TestRequestThatChangesNothingWritesNothing sends what is refused, repeated or empty,
// with a token that has another e-mail.
func TestRequestThatChangesNothingWritesNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made, gone := a.create(alice, "a"), a.create(alice, "gone")
	a.do(alice, "DELETE", pathOf(gone), "").must(t, 204)
	dbtest.Exec(t, a.database, "UPDATE users SET email = 'before@example.test'")
	state := func() string {
		return usersRow(t, a, alice) + dbtest.Value[string](t, a.database, "SELECT string_agg(xmin || ' ' || xmax || ' ' || ctid, '; ' ORDER BY ctid) FROM tasks")
	}
	before := state()
	a.do(alice, "POST", tasksOf(alice), `{"title":"x","id":"`+made.ID+`"}`).must(t, 200)
	a.do(alice, "POST", tasksOf(alice), `{"title":"x","id":"`+gone.ID+`"}`).must(t, 409).problem(t)
	a.do(alice, "PUT", pathOf(made), `{"title":"a","tags":[],"completed":false}`).must(t, 200)
	a.do(alice, "PUT", pathOf(made), `{}`).must(t, 200)
	a.do(alice, "PUT", pathOf(made), `{"title":"x"}`, "If-None-Match: *").must(t, 412).problem(t)
	a.do(alice, "PUT", pathOf(gone), `{"title":"x"}`).must(t, 404).problem(t)
	a.do(alice, "PATCH", pathOf(made)+"/complete", `{"completed":false}`).must(t, 200)
	a.do(alice, "DELETE", pathOf(gone), "").must(t, 404).problem(t)
	a.do(alice, "PATCH", tasksOf(alice)+"?all=true", `{"completed":false}`).must(t, 200)
	a.do(alice, "DELETE", tasksOf(alice)+"?completed=true", "").must(t, 200)
	a.do(alice, "PUT", pathOf(gone), `{"completed":true}`, "If-None-Match: *").must(t, 422).problem(t)
	if after := state(); after != before {
		t.Errorf("the rows were %s\nand are %s", before, after)
	}
}

func TestDeletedTaskComesBackOnPurposeOnly(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	create := func() response {
		return a.do(alice, "POST", tasksOf(alice), `{"title":"once"}`, "Idempotency-Key: "+key)
	}
	made := create().must(t, 201).task(t)
	a.do(alice, "DELETE", pathOf(made), "").must(t, 204)
	a.do(alice, "DELETE", pathOf(made), "").must(t, 404)
	if p := create().must(t, 409).problem(t); p.Type != "/problems/deleted" {
		t.Errorf("%+v", p)
	}
	a.do(alice, "POST", tasksOf(alice), `{"title":"once","id":"`+key+`"}`).must(t, 409)
	a.do(bob, "POST", tasksOf(bob), `{"title":"bob's"}`, "Idempotency-Key: "+key).must(t, 201)
	a.do(alice, "PUT", pathOf(made), `{"description":"no title"}`, "If-None-Match: *").must(t, 422).problem(t)
	a.do(alice, "PUT", tasksOf(alice)+"/1", `{"title":"x"}`, "If-None-Match: *").must(t, 404)
	reply := a.do(alice, "PUT", pathOf(made), `{"title":"again","tags":["home"]}`, "If-None-Match: *").must(t, 201)
	if got := reply.task(t); got.ID != key || got.Title != "again" || reply.Header.Get("Location") != pathOf(made) || reply.Header.Get("ETag") != tagOf(got) {
		t.Errorf("%v %+v", reply.Header, got)
	}
	create().must(t, 200)
	a.do(alice, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 200)
	create().must(t, 409)
	a.do(alice, "PUT", tasksOf(alice)+"/00000000-0000-4000-8000-000000000000", `{"title":"new"}`, "If-None-Match: *").must(t, 201)
	a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	create().must(t, 201)
}

// TestTombstonesAreForgottenAfter90Days has a later deletion take the old ones away.
func TestTombstonesAreForgottenAfter90Days(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, how := range []string{"DeleteTask", "ClearTasks"} {
		for range 3 {
			a.do(alice, "DELETE", pathOf(a.create(alice, "old")), "").must(t, 204)
		}
		dbtest.Exec(t, a.database, `
			UPDATE deleted_tasks SET version = version - 91 * 86400000::bigint, deleted_at = deleted_at - interval '91 days' WHERE id <> (SELECT max(id::text)::uuid FROM deleted_tasks);
			UPDATE deleted_tasks SET version = version - 89 * 86400000::bigint WHERE version > (extract(epoch FROM now()) - 90 * 86400) * 1000;
			UPDATE users SET forgotten_version = 1`)
		oldest := dbtest.Value[int64](t, a.database, "SELECT max(version) FROM deleted_tasks WHERE version < (extract(epoch FROM now()) - 90 * 86400) * 1000")
		made := a.create(alice, "new")
		path := pathOf(made)
		if how == "ClearTasks" {
			path = tasksOf(alice) + "?all=true"
		}
		if status := a.do(alice, "DELETE", path, "").StatusCode; status >= 300 {
			t.Errorf("%s: %d", how, status)
		}
		left := dbtest.Value[int](t, a.database, "SELECT count(*) FROM deleted_tasks")
		if forgotten := dbtest.Value[int64](t, a.database, "SELECT forgotten_version FROM users"); left != 2 || forgotten != oldest {
			t.Errorf("%s: %d tombstones are left, forgotten up to %d of %d", how, left, forgotten, oldest)
		}
		dbtest.Exec(t, a.database, "DELETE FROM deleted_tasks")
	}
}

// TestIfMatchLosesNoUpdate has many clients that each append their mark to one
// description by read, modify and write.
func TestIfMatchLosesNoUpdate(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.do(alice, "POST", tasksOf(alice), `{"title":"a","description":""}`).must(t, 201).task(t)
	clients := dbtest.Scale(24, 64) // the requests grow with the square
	var refused atomic.Int64
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			for {
				read := a.do(alice, "GET", pathOf(made), "")
				if read.StatusCode == 503 {
					continue // one user's connections are few, and a slow machine has a queue
				}
				body := fmt.Sprintf(`{"description":"%s<%d>"}`, *read.task(t).Description, n)
				reply := a.do(alice, "PUT", pathOf(made), body, "If-Match: "+read.Header.Get("ETag"))
				switch reply.StatusCode {
				case 200:
					return
				case 503: // nothing was done
					continue
				}
				reply.must(t, 412)
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	got := a.do(alice, "GET", pathOf(made), "").task(t)
	for n := range clients {
		if strings.Count(*got.Description, fmt.Sprintf("<%d>", n)) != 1 {
			t.Errorf("the update of client %d is lost: %s", n, *got.Description)
		}
	}
	if got.Version < made.Version+int64(clients) || refused.Load() == 0 {
		t.Errorf("version %d after %d updates, which were refused %d times before", got.Version, clients, refused.Load())
	}
}

func TestCreateTaskRetriedMakesOneTask(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	var created atomic.Int64
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			switch reply := a.do(alice, "POST", tasksOf(alice), `{"title":"once"}`, "Idempotency-Key: "+key); reply.StatusCode {
			case 201:
				created.Add(1)
			case 200:
			default:
				t.Errorf("%d %s", reply.StatusCode, reply.body)
			}
		})
	}
	wg.Wait()
	if created.Load() != 1 || len(a.list("")) != 1 {
		t.Errorf("%d say they created one of %d tasks", created.Load(), len(a.list("")))
	}
	a.do(alice, "PATCH", tasksOf(alice)+"/"+key, `{"title":"changed since"}`).must(t, 200)
	reply := a.do(alice, "POST", tasksOf(alice), `{"title":"once","id":"`+strings.ToUpper(key)+`"}`, "Idempotency-Key: "+key).must(t, 200)
	if got := reply.task(t); got.Title != "changed since" || reply.Header.Get("ETag") != tagOf(got) || reply.Header.Get("Location") != "" {
		t.Errorf("a retry got %+v, %v", got, reply.Header)
	}
	a.do(bob, "POST", tasksOf(bob), `{"title":"bob's"}`, "Idempotency-Key: "+key).must(t, 201)
	a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"00000000-0000-4000-8000-000000000000"}`, "Idempotency-Key: "+key).must(t, 400).problem(t)
	a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: "+key, "Idempotency-Key: "+key).must(t, 400).problem(t)
}
