package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// probed returns the admin address of a running server.
func probed(t *testing.T, p *program) string {
	t.Helper()
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.waitFor(t, p.log, `"msg":"listening for probes"`)), &line); err != nil {
		t.Fatal(err)
	}
	return line.Address
}

func TestAdminAddressAloneServesProbes(t *testing.T) {
	t.Parallel()
	env := environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0")
	p, public := serving(t, env)
	admin := probed(t, p)
	for _, path := range []string{"/livez", "/readyz"} {
		if status, body := get(t, admin, path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if status, _ := get(t, public, path, ""); status != 404 {
			t.Errorf("%s at the public address: %d", path, status)
		}
	}
}

// TestServeStartsAndIsReadyDuringAMigration blocks a migration in the middle of its
// file.
func TestServeStartsAndIsReadyDuringAMigration(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "INSERT INTO users (id) VALUES ('alice')")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../sql")); err != nil {
		t.Fatal(err)
	}
	version := todosql.LatestVersion()
	for _, direction := range []string{"up", "down"} {
		name := filepath.Join(dir, "migrations", fmt.Sprintf("%06d_touch_users.%s.sql", version+1, direction))
		if err := os.WriteFile(name, []byte("SET LOCAL lock_timeout = '1min'; UPDATE users SET updated_at = now();\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := environment(url, "ADMIN_ADDR=127.0.0.1:0")
	before, _ := serving(t, env)

	release := dbtest.LockRows(t, url, "users", "id = 'alice'")
	migration := command(t, append(env, "TODO_TEST_MIGRATIONS="+dir), "migrate", "up").start(t)
	dbtest.WaitForLock(t, url)
	started, public := serving(t, env)
	started.waitFor(t, started.log, "a migration is running or was interrupted")
	for _, p := range []*program{before, started} {
		if status, body := get(t, probed(t, p), "/readyz", ""); status != 200 {
			t.Errorf("readyz: %d %s", status, body)
		}
	}
	if status, body := get(t, public, "/api/alice/tasks", todo(t, env, "token", "--user", "alice")); status != 200 {
		t.Errorf("tasks: %d %s", status, body)
	}
	if !dbtest.Value[bool](t, url, "SELECT dirty FROM schema_migrations") {
		t.Error("the migration did not run meanwhile")
	}
	release()
	if err := migration.wait(t); err != nil {
		t.Errorf("%v: %s", err, migration.log)
	}
}

func TestReadyzFailsWhileRequestsInProgressFinish(t *testing.T) {
	t.Parallel()
	env := environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0")
	p, public := serving(t, env)
	admin := probed(t, p)
	conn, err := net.Dial("tcp", public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "POST /api/alice/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 24\r\nExpect: 100-continue\r\n" +
		"Authorization: Bearer " + todo(t, env, "token", "--user", "alice") + "\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	// "100 Continue" shows that the request is in progress.
	begun := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, begun); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, p.log, `"msg":"stopping"`)
	if status, body := get(t, admin, "/readyz", ""); status != 503 || !strings.Contains(body, "stopping") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := get(t, admin, "/livez", ""); status != 200 {
		t.Errorf("livez: %d", status)
	}
	if _, err := io.WriteString(conn, `{"title":"begun before"}`); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	if reply, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(reply), "HTTP/1.1 201 ") {
		t.Errorf("the request in progress: %v %s", err, reply)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("serve ended with %v: %s", err, p.log)
	}
}

func TestServeRefusesAnUnusableAdminAddress(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	refused(t, "ADMIN_ADDR", environment(url, "ADMIN_ADDR=nowhere"), "serve")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refused(t, "ADMIN_ADDR", environment(url, "ADMIN_ADDR="+taken.Addr().String()), "serve", "--addr", "127.0.0.1:0")
}

func TestHealthCommandChecksTheServerOnThisMachine(t *testing.T) {
	t.Parallel()
	p, public := serving(t, environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0"))
	_, publicPort, _ := net.SplitHostPort(public)
	_, adminPort, _ := net.SplitHostPort(probed(t, p))
	for _, env := range [][]string{
		{"ADDR=" + public},
		{"ADDR=:" + publicPort},
		{"ADDR=0.0.0.0:" + publicPort, "HTTP_PROXY=http://127.0.0.1:1"},
		{"ADDR=127.0.0.1:1", "ADMIN_ADDR=:" + adminPort},
	} {
		todo(t, env, "health")
	}
	todo(t, []string{"ADMIN_ADDR=127.0.0.1:1"}, "health", "--addr", public)
	refused(t, "404", []string{"ADDR=127.0.0.1:1", "ADMIN_ADDR=" + public}, "health")
	refused(t, "/health", []string{"ADDR=127.0.0.1:1"}, "health")
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	refused(t, "refused", []string{"ADDR=" + public}, "health")
}

func TestHealthCommandFailsWhenTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	_, public := serving(t, environment(url))
	database := dbtest.Value[string](t, url, "SELECT current_database()")
	dbtest.Exec(t, dbtest.SuperuserURL(t, "postgres://any/postgres"), "ALTER DATABASE "+database+" ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database+"'")
	refused(t, http.StatusText(http.StatusServiceUnavailable), []string{"ADDR=" + public}, "health")
}
