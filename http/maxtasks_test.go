package http_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestMaxTasksBoundsWhatAUserCanMake(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.MaxTasks = 2 })
	key := "Idempotency-Key: " + uuid.NewString()
	first := a.do(alice, "POST", tasksOf(alice), `{"title":"first"}`, key).must(t, 201).task(t)
	second := a.create(alice, "second")
	refused := func(got response) {
		t.Helper()
		p := got.must(t, 429).problem(t)
		if p.Type != "/problems/too-many-tasks" || !strings.Contains(p.Detail, "delete") || got.Header.Get("Retry-After") != "3600" {
			t.Errorf("%v %s", got.Header, got.body)
		}
	}
	refused(a.do(alice, "POST", tasksOf(alice), `{"title":"third"}`))
	refused(a.do(alice, "PUT", tasksOf(alice)+"/"+uuid.NewString(), `{"title":"third"}`, "If-None-Match: *"))
	a.do(alice, "POST", tasksOf(alice), `{"title":"first"}`, key).must(t, 200)
	a.do(alice, "PUT", pathOf(second), `{"title":"second"}`, "If-None-Match: *").must(t, 412)
	a.do(alice, "PUT", pathOf(second), `{"title":"changed"}`).must(t, 200)
	a.do(alice, "PATCH", pathOf(second)+"/complete", "").must(t, 200)
	a.create(bob, "bob's own")

	a.do(alice, "DELETE", pathOf(first), "").must(t, 204)
	a.do(alice, "POST", tasksOf(alice), `{"title":"first"}`, key).must(t, 409)
	a.do(alice, "PUT", pathOf(first), `{"title":"back"}`, "If-None-Match: *").must(t, 201)
	refused(a.do(alice, "POST", tasksOf(alice), `{"title":"third"}`))
	a.do(alice, "DELETE", tasksOf(alice)+"?completed=true", "").must(t, 200)
	a.create(alice, "third")
}
