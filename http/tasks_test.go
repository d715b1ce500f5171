package http_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestTaskIsCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			a := newAPI(t, login)
			if got := a.do(alice, "GET", tasksOf(alice), "").must(t, 200).body; got != "[]" {
				t.Errorf("an empty list is %s", got)
			}
			reply := a.do(alice, "POST", tasksOf(alice), `{"title":" \u00a0Buy milk\u3000","description":"two litres"}`).must(t, 201)
			made := reply.task(t)
			if made.Title != "Buy milk" || *made.Description != "two litres" || made.Completed || made.UserID != alice || made.CreatedAt != made.UpdatedAt {
				t.Errorf("created %+v", made)
			}
			if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7`).MatchString(made.ID) {
				t.Errorf("%s is no version 7", made.ID)
			}
			if location := reply.Header.Get("Location"); location != pathOf(made) {
				t.Errorf("Location: %s", location)
			}
			if got := a.do(alice, "GET", reply.Header.Get("Location"), "").must(t, 200).task(t); *got.Description != "two litres" || got.ID != made.ID {
				t.Errorf("got %+v", got)
			}
			put := a.do(alice, "PUT", pathOf(made), `{"title":"Buy oat milk"}`).must(t, 200).task(t)
			if put.Title != "Buy oat milk" || *put.Description != "two litres" || put.UpdatedAt <= made.UpdatedAt || put.CreatedAt != made.CreatedAt {
				t.Errorf("after PUT %+v", put)
			}
			patched := a.do(alice, "PATCH", pathOf(made), `{"description":null}`, "Content-Type: application/merge-patch+json").must(t, 200).task(t)
			if patched.Description != nil || patched.Title != "Buy oat milk" {
				t.Errorf("after PATCH %+v", patched)
			}
			for i, want := range []bool{true, false} {
				if got := a.do(alice, "PATCH", pathOf(made)+"/complete", "").must(t, 200).task(t); got.Completed != want {
					t.Errorf("toggle %d: %+v", i, got)
				}
			}
			for _, want := range []bool{true, true, false} {
				if got := a.do(alice, "PATCH", pathOf(made)+"/complete", fmt.Sprintf(`{"completed":%t}`, want)).must(t, 200).task(t); got.Completed != want {
					t.Errorf("set %t: %+v", want, got)
				}
			}
			second := a.create(alice, "Second")
			var list []task
			if err := json.Unmarshal([]byte(a.do(alice, "GET", tasksOf(alice), "").must(t, 200).body), &list); err != nil || len(list) != 2 || list[0].ID != second.ID {
				t.Errorf("list %+v, %v", list, err)
			}
			if body := a.do(alice, "DELETE", pathOf(made), "").must(t, 204).body; body != "" {
				t.Errorf("DELETE replied %q", body)
			}
			a.do(alice, "DELETE", pathOf(made), "").must(t, 404)
			a.do(alice, "GET", pathOf(made), "").must(t, 404)
		})
	}
}

func TestTaskTimesAreUTCWithSixDigits(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database()); END $$")
	made := a.create(alice, "a")
	dbtest.Exec(t, a.database, "UPDATE tasks SET created_at = '2026-11-23 18:05:01Z', updated_at = '2026-11-23 18:05:01.5Z'")
	got := a.do(alice, "GET", pathOf(made), "").task(t)
	if got.CreatedAt != "2026-11-23T18:05:01.000000Z" || got.UpdatedAt != "2026-11-23T18:05:01.500000Z" {
		t.Errorf("%s, %s", got.CreatedAt, got.UpdatedAt)
	}
}

func TestUpdateTaskTakesAWholeTaskBack(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	whole := fmt.Sprintf(`{"id":"%s","user_id":"somebody else","title":"b","description":null,"completed":true,"version":99,"created_at":"1999","updated_at":7}`, made.ID)
	for _, method := range []string{"PUT", "PATCH"} {
		got := a.do(alice, method, pathOf(made), whole).must(t, 200).task(t)
		if got.UserID != alice || got.ID != made.ID || got.CreatedAt != made.CreatedAt || got.Title != "b" || !got.Completed {
			t.Errorf("%s: %+v", method, got)
		}
	}
	unchanged := a.do(alice, "PUT", pathOf(made), `{}`).must(t, 200).task(t)
	if again := a.do(alice, "PUT", pathOf(made), `{"id":"00000000-0000-0000-0000-000000000000"}`).must(t, 200).task(t); !reflect.DeepEqual(again, unchanged) {
		t.Errorf("a request without a writable field changed %+v into %+v", unchanged, again)
	}
}

func TestCreateTaskTakesTheIDOfTheClient(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	body := `{"id":"` + strings.ToUpper(id) + `","title":"mine"}`
	if made := a.do(alice, "POST", tasksOf(alice), body).must(t, 201).task(t); made.ID != id {
		t.Errorf("%+v", made)
	}
	if again := a.do(alice, "POST", tasksOf(alice), `{"id":"`+id+`","title":"retried"}`).must(t, 200).task(t); again.Title != "mine" {
		t.Errorf("a retry returned %+v", again)
	}
	a.do(bob, "POST", tasksOf(bob), body).must(t, 201)
}

func TestUserIDIsOpaque(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, user := range []string{"user_2Yk3", "a/b", "a b", "100%", "..", ".", "ünï", "a?b#c", "auth0|5f7c", "a%2Fb", "a+b", "😀", strings.Repeat("x", 255)} {
		t.Run(user, func(t *testing.T) {
			base := "/api/" + url.PathEscape(user) + "/tasks"
			reply := a.do(user, "POST", base, `{"title":"own"}`).must(t, 201)
			if made := reply.task(t); made.UserID != user {
				t.Errorf("made for %q", made.UserID)
			}
			a.do(user, "GET", reply.Header.Get("Location"), "").must(t, 200)
			a.do(bob, "GET", base, "").must(t, 403)
		})
	}
	a.do("Alice", "GET", tasksOf(alice), "").must(t, 403)
	a.do("a/b", "GET", "/api/a%252Fb/tasks", "").must(t, 403)
}

func TestTrailingSlashIsTheSameResource(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.do(alice, "POST", tasksOf(alice)+"/", `{"title":"a"}`).must(t, 201).task(t)
	a.do(alice, "GET", tasksOf(alice)+"/", "").must(t, 200)
	a.do(alice, "GET", pathOf(made)+"/", "").must(t, 200)
	a.do(alice, "PATCH", pathOf(made)+"/complete/", "").must(t, 200)
	a.do("", "GET", "/health/", "").must(t, 200)
	a.do(alice, "GET", tasksOf(alice)+"//", "").must(t, 404)
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for _, path := range []string{tasksOf(alice), pathOf(made), "/health"} {
		get, head := a.do(alice, "GET", path, ""), a.do(alice, "HEAD", path, "").must(t, 200)
		if head.body != "" || head.Header.Get("Content-Length") != get.Header.Get("Content-Length") || head.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v %q", path, head.Header, head.body)
		}
	}
	a.do(bob, "HEAD", pathOf(made), "").must(t, 403)
}

func TestTaskThatIsMissingForeignOrOddIsTheSame404(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	foreign := a.create(bob, "bob's")
	a.create(alice, "a")
	for _, request := range []struct{ method, suffix, body string }{
		{"GET", "", ""},
		{"PUT", "", `{"title":"x"}`},
		{"PATCH", "", `{"title":"x"}`},
		{"DELETE", "", ""},
		{"PATCH", "/complete", ""},
	} {
		var bodies []string
		for _, id := range []string{"00000000-0000-4000-8000-000000000000", foreign.ID, "1", "urn:uuid:" + foreign.ID, strings.ReplaceAll(foreign.ID, "-", ""), "%00", "%F0", "a%2Fb"} {
			reply := a.do(alice, request.method, tasksOf(alice)+"/"+id+request.suffix, request.body).must(t, 404)
			bodies = append(bodies, strings.ReplaceAll(reply.body, reply.problem(t).RequestID, ""))
		}
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("%s %s tells tasks apart:\n%s", request.method, request.suffix, strings.Join(bodies, "\n"))
				break
			}
		}
	}
	if got := a.do(bob, "GET", pathOf(foreign), "").must(t, 200).task(t); !reflect.DeepEqual(got, foreign) {
		t.Errorf("bob's task was %+v and is %+v", foreign, got)
	}
}
