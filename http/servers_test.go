package http_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// TestServersShareEveryConversation sends each request of one conversation to
// another server; one of the two enters its scopes as for a distributed database.
func TestServersShareEveryConversation(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	one := serveDatabase(t, url)
	two := serveDatabase(t, url, func(c *todohttp.Config) { c.DB = dbtest.Pool(t, url, db.WithDistributed) })

	key := "Idempotency-Key: " + uuid.NewString()
	first := one.do(alice, "POST", tasksOf(alice), `{"title":"once"}`, key).must(t, 201).task(t)
	if again := two.do(alice, "POST", tasksOf(alice), `{"title":"once"}`, key).must(t, 200).task(t); again.ID != first.ID {
		t.Errorf("a retry at another server made %s beside %s", again.ID, first.ID)
	}
	etag := two.do(alice, "GET", pathOf(first), "").must(t, 200).Header.Get("ETag")
	one.do(alice, "GET", pathOf(first), "", "If-None-Match: "+etag).must(t, 304)
	one.do(alice, "PATCH", pathOf(first), `{"title":"changed"}`, "If-Match: "+etag).must(t, 200)
	two.do(alice, "PATCH", pathOf(first), `{"title":"late"}`, "If-Match: "+etag).must(t, 412)

	for n := range 9 {
		one.create(alice, fmt.Sprint("task ", n))
	}
	seen := map[string]bool{}
	servers := []*api{one, two}
	for path, n := tasksOf(alice)+"?limit=2", 0; path != "" && n < 10; n++ {
		var tasks []task
		tasks, path = servers[n%2].page(path)
		for _, task := range tasks {
			seen[task.ID] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 tasks over pages of two servers", len(seen))
	}
}

// TestReplicaServesReads has a database that refuses to write, as a standby does.
func TestReplicaServesReads(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	made := serveDatabase(t, url).create(alice, "a")
	dbtest.Exec(t, url, "ALTER DATABASE "+dbtest.Value[string](t, url, "SELECT current_database()")+" SET default_transaction_read_only = on")
	for _, options := range [][]db.Option{nil, {db.WithDistributed}} {
		pool := dbtest.Pool(t, url, options...)
		if _, err := pool.Check(t.Context()); !errors.Is(err, db.ErrReadOnly) {
			t.Error(err)
		}
		replica := serveDatabase(t, url, func(c *todohttp.Config) { c.DB = pool })
		for _, path := range []string{pathOf(made), tasksOf(alice), "/api/alice", "/api/alice/export"} {
			replica.do(alice, "GET", path, "").must(t, 200)
		}
		replica.do(alice, "DELETE", pathOf(made), "").must(t, 503).problem(t)
	}
}
