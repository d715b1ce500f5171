package http_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestETagOfATaskIsItsVersionAndSavesATransfer(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	reply := a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`).must(t, 201)
	made := reply.task(t)
	if reply.Header.Get("ETag") != `"1"` {
		t.Errorf("ETag: %s", reply.Header.Get("ETag"))
	}
	for _, request := range []struct{ method, suffix, body, etag string }{
		{"GET", "", "", `"1"`},
		{"PUT", "", `{"title":"b"}`, `"2"`},
		{"PATCH", "", `{"title":"c"}`, `"3"`},
		{"PATCH", "/complete", "", `"4"`},
		{"PATCH", "/complete", `{"completed":true}`, `"4"`},
		{"HEAD", "", "", `"4"`},
	} {
		if got := a.do(alice, request.method, pathOf(made)+request.suffix, request.body).must(t, 200).Header.Get("ETag"); got != request.etag {
			t.Errorf("%s %s: ETag: %s", request.method, request.suffix, got)
		}
	}
	for condition, status := range map[string]int{
		`"4"`: 304, `W/"4"`: 304, `*`: 304, `"3", "4"`: 304, `"3","x" , W/"4"`: 304, `"3"`: 200, `4`: 200, `"4`: 200, `""`: 200,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			reply := a.do(alice, method, pathOf(made), "", "If-None-Match: "+condition).must(t, status)
			if status == 304 && (reply.body != "" || reply.Header.Get("ETag") != `"4"` || reply.Header.Get("Cache-Control") == "") {
				t.Errorf("304: %v %q", reply.Header, reply.body)
			}
		}
	}
	a.do(alice, "PATCH", pathOf(made)+"/complete", "", `If-None-Match: "4"`).must(t, 200)
}

func TestListTasksETagFollowsTheContent(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	etag := func(query string) string {
		return a.do(alice, "GET", tasksOf(alice)+query, "").must(t, 200).Header.Get("ETag")
	}
	empty := etag("")
	a.do(alice, "GET", tasksOf(alice), "", "If-None-Match: "+empty).must(t, 304)
	made := a.create(alice, "a")
	one := etag("")
	if one == empty || etag("") != one || etag("?limit=1") != one {
		t.Errorf("%s, then %s and %s", empty, one, etag(""))
	}
	a.do(alice, "GET", tasksOf(alice), "", "If-None-Match: "+empty).must(t, 200)
	first := etag("?sort=created_at&order=asc&limit=1")
	a.create(alice, "b")
	if etag("?sort=created_at&order=asc&limit=1") == first {
		t.Error("that there is a next page does not show in the ETag")
	}
	a.do(alice, "PATCH", pathOf(made)+"/complete", "")
	if etag("") == one {
		t.Error("a change does not show in the ETag")
	}
}

func TestIfMatchRefusesAStaleChange(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	current := a.do(alice, "PUT", pathOf(made), `{"title":"b"}`).must(t, 200).task(t)
	requests := []struct{ method, suffix, body string }{{"PUT", "", `{"title":"x"}`}, {"PATCH", "", `{"title":"x"}`}, {"PATCH", "/complete", ""}, {"DELETE", "", ""}}
	for _, request := range requests {
		for _, condition := range []string{`"1"`, `W/"2"`, `"02"`, `"+2"`, `"two"`, `"1", "3"`, `""`, `"99999999999999999999"`} {
			p := a.do(alice, request.method, pathOf(made)+request.suffix, request.body, "If-Match: "+condition).must(t, 412).problem(t)
			if p.Type != "/problems/precondition-failed" {
				t.Errorf("%+v", p)
			}
		}
		for _, condition := range []string{"2", `"2`, `2"`, `w/"2"`, `"2" "3"`, `*, "2"`, "", ",", `"a b"`} {
			a.do(alice, request.method, pathOf(made)+request.suffix, request.body, "If-Match: "+condition).must(t, 400).problem(t)
		}
		for _, condition := range []string{"*", `"1"`} {
			a.do(alice, request.method, tasksOf(alice)+"/00000000-0000-4000-8000-000000000000"+request.suffix, request.body, "If-Match: "+condition).must(t, 404)
		}
	}
	if got := a.do(alice, "GET", pathOf(made), "").task(t); got.Version != current.Version || got.Title != "b" {
		t.Errorf("%+v", got)
	}
	a.do(alice, "PUT", pathOf(made), `{"title":"c"}`, `If-Match: "2"`).must(t, 200)
	a.do(alice, "PATCH", pathOf(made), `{"title":"d"}`, `If-Match: "1" , W/"3",  "3"`).must(t, 200)
	a.do(alice, "PATCH", pathOf(made)+"/complete", "", `If-Match: "1"`, `If-Match: "4"`).must(t, 200)
	a.do(alice, "PATCH", pathOf(made)+"/complete", "", "If-Match: *").must(t, 200)
	a.do(alice, "DELETE", pathOf(made), "", `If-Match: "6"`).must(t, 204)
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
				body := fmt.Sprintf(`{"description":"%s<%d>"}`, *read.task(t).Description, n)
				reply := a.do(alice, "PUT", pathOf(made), body, "If-Match: "+read.Header.Get("ETag"))
				if reply.StatusCode == 200 {
					return
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
	if got.Version != int64(clients)+1 || refused.Load() == 0 {
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
	if got := reply.task(t); got.Title != "changed since" || reply.Header.Get("ETag") != `"2"` || reply.Header.Get("Location") != "" {
		t.Errorf("a retry got %+v, %v", got, reply.Header)
	}
	a.do(bob, "POST", tasksOf(bob), `{"title":"bob's"}`, "Idempotency-Key: "+key).must(t, 201)
	for _, odd := range []string{"", "1", "urn:uuid:" + key} {
		a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: "+odd).must(t, 400).problem(t)
	}
	a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"00000000-0000-4000-8000-000000000000"}`, "Idempotency-Key: "+key).must(t, 400).problem(t)
	a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: "+key, "Idempotency-Key: "+key).must(t, 400).problem(t)
}
