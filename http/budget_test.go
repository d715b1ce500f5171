package http_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// unread sends a request over a connection of its own and reads the status alone.
func unread(t *testing.T, a *api, user, path string, headers ...string) (conn net.Conn, status string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n", path, token(t, user), strings.Join(append(headers, ""), "\r\n"))
	head := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	return conn, string(head[len("HTTP/1.1 "):])
}

// TestRepliesThatNobodyReadsHaveABudget has clients that ask for large pages and read
// nothing: a user gets 503 beyond the share, all get it beyond the budget, small replies
// are served meanwhile, and there is room again when the clients have gone.
func TestRepliesThatNobodyReadsHaveABudget(t *testing.T) {
	t.Parallel()
	const share = 3 << 20
	budget := todohttp.NewBudget(7<<20, share)
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.Replies = budget })
	users := []string{alice, "carol", "dave"}
	dbtest.Exec(t, a.database, `INSERT INTO users (id, version) VALUES ('alice', 1), ('carol', 1), ('dave', 1);
		INSERT INTO tasks (user_id, id, title, description, version)
		SELECT id, gen_random_uuid(), 'task ' || n, repeat('😀', 1000), 1 FROM users, generate_series(1, 300) AS n`)
	a.create(bob, "b")
	paths := func(user string) []string { return []string{tasksOf(user), changesOf(user)} }
	var open []net.Conn
	for _, user := range users {
		served := 0
		for n := range 6 {
			conn, status := unread(t, a, user, paths(user)[n%2], map[int]string{0: "Accept: text/event-stream", 1: "Accept: application/json"}[n%3%2])
			open = append(open, conn)
			switch status {
			case "200":
				served++
			case "503":
			default:
				t.Errorf("%s: %s", user, status)
			}
		}
		used := budget.Stats()
		if served == 6 || user == alice && (served == 0 || used.InUse > share) || used.InUse > used.Max {
			t.Errorf("%s got %d of 6: %+v", user, served, used)
		}
	}
	full := a.do(alice, "GET", tasksOf(alice), "", "Accept-Encoding: identity").must(t, 503)
	if full.problem(t).Type != "/problems/unavailable" || full.Header.Get("Retry-After") == "" || full.Header.Get("ETag") != "" || full.Header.Get("Link") != "" {
		t.Errorf("%v", full.Header)
	}
	if !strings.Contains(a.log.String(), "the replies of this user that are being read hold as much memory as they may") {
		t.Error("the log does not say which budget is used up")
	}
	a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
	a.do(alice, "GET", tasksOf(alice)+"?limit=1", "").must(t, 200)
	for _, conn := range open {
		_ = conn.Close()
	}
	eventually(t, "all room is given back", func() bool { return budget.Stats().InUse == 0 })
	a.do(alice, "GET", tasksOf(alice), "").must(t, 200)
	if stats := budget.Stats(); stats.Shed == 0 {
		t.Errorf("%+v", stats)
	}
}
