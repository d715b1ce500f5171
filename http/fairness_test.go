package http_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestExportReadSlowlyStarvesNobody has exports of 30 MB, which no socket buffers, and
// which nobody reads: others export all the same, and a migration waits for none.
func TestExportReadSlowlyStarvesNobody(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	a := serveDatabase(t, url+"&pool_max_conns=8")
	dbtest.Exec(t, url, `INSERT INTO users (id) VALUES ('alice'), ('carol');
		INSERT INTO tasks (user_id, id, title, description) SELECT id, gen_random_uuid(), 'task ' || n, repeat('😀', 1000) FROM users, generate_series(1, 7500) AS n`)
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
	a.do(bob, "GET", "/api/bob/export", "").must(t, 200)
	dbtest.Exec(t, url, "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE tasks ADD sample text; COMMIT")
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

// TestPerUserLimitLeavesConnectionsToOthers has as many requests of one user
// wait for a lock as there are connections.
func TestPerUserLimitLeavesConnectionsToOthers(t *testing.T) {
	t.Parallel()
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
