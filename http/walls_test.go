package http_test

import (
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// TestIsolationHoldsOnEveryRoute tries every route on another user's path and with
// another user's task under the own path.
func TestIsolationHoldsOnEveryRoute(t *testing.T) {
	t.Parallel()
	for _, login := range dbtest.Logins {
		t.Run(login.String(), func(t *testing.T) {
			a := newAPI(t, login)
			secret := a.create(alice, "of alice")
			a.create(bob, "of bob")
			before := a.do(alice, "GET", tasksOf(alice), "").body
			for path, methods := range todohttp.Resources() {
				if !strings.HasPrefix(path, "/api/") {
					continue
				}
				for _, method := range append(methods, "HEAD", "OPTIONS", "TRACE", "BREW") {
					body := ""
					if method == "POST" || method == "PUT" || method == "PATCH" {
						body = `{"completed":true}`
					}
					fill := func(user string) string {
						return strings.NewReplacer("{user_id}", user, "{id}", secret.ID).Replace(path)
					}
					reply := a.do(bob, method, fill(alice), body).must(t, 403)
					if method != "HEAD" {
						reply.problem(t)
					}
					if strings.Contains(path, "{id}") && method != "OPTIONS" && method != "TRACE" && method != "BREW" && (method != "HEAD" || !strings.HasSuffix(path, "complete")) {
						a.do(bob, method, fill(bob), body).must(t, 404)
					}
					if got := a.do(bob, method, fill(alice)+"?limit=1", "{").must(t, 403); strings.Contains(got.body, "of alice") {
						t.Errorf("%s %s shows %s", method, path, got.body)
					}
				}
			}
			if after := a.do(alice, "GET", tasksOf(alice), "").body; after != before {
				t.Errorf("alice's tasks were %s and are %s", before, after)
			}
			if list := a.do(bob, "GET", tasksOf(bob), "").body; strings.Contains(list, alice) {
				t.Errorf("bob's list shows %s", list)
			}
		})
	}
}

// TestIsolationByThePathOwnerAlone takes row-level security away; the queries
// would take whatever user the path says.
func TestIsolationByThePathOwnerAlone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.Superuser)
	secret := a.create(alice, "of alice")
	for _, owned := range db.OwnedTables() {
		dbtest.Exec(t, a.database, "ALTER TABLE "+owned.Table+" DISABLE ROW LEVEL SECURITY")
	}
	for _, path := range []string{tasksOf(alice), pathOf(secret)} {
		a.do(bob, "GET", path, "").must(t, 403)
	}
	a.do(bob, "DELETE", pathOf(secret), "").must(t, 403)
	a.do(alice, "GET", pathOf(secret), "").must(t, 200)
}

func TestAuthIsRequiredUnderAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, path := range []string{tasksOf(alice), tasksOf(alice) + "/1", "/api/", "/api/nothing", "/api/alice/tasks/1/complete", "/api//tasks"} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"} {
			reply := a.do("", method, path, "").must(t, 401)
			if got := reply.Header.Get("WWW-Authenticate"); got != "Bearer" {
				t.Errorf("%s %s: WWW-Authenticate: %q", method, path, got)
			}
		}
	}
	for name, authorization := range map[string]string{
		"garbage": "Bearer garbage", "no token": "Bearer ", "two tokens": "Bearer " + token(t, alice) + " x", "cut short": "Bearer " + token(t, alice)[:50],
		"another secret": "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDA3MDkwODgwMH0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	} {
		reply := a.do("", "GET", tasksOf(alice), "", "Authorization: "+authorization).must(t, 401)
		reply.problem(t)
		if got := reply.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="invalid_token"`) {
			t.Errorf("%s: WWW-Authenticate: %q", name, got)
		}
	}
	twice := a.do(alice, "GET", tasksOf(alice), "", "Authorization: Bearer "+token(t, bob))
	twice.must(t, 401)
	a.do("", "GET", tasksOf(alice), "", "Authorization: bEaReR "+token(t, alice)).must(t, 200)
	a.do(alice, "GET", "/api/alice/nothing", "").must(t, 404).problem(t)
	a.do("", "GET", "/nothing", "").must(t, 404).problem(t)
	a.do("", "GET", "/api", "").must(t, 404).problem(t)
}
