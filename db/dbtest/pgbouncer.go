package dbtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Routes are the ways to a database: each returns the URL that takes it, with at most
// that many connections to the database.
var Routes = map[string]func(t testing.TB, databaseURL string, servers int) string{
	"directly": func(_ testing.TB, databaseURL string, servers int) string {
		return fmt.Sprintf("%s&pool_max_conns=%d", databaseURL, servers)
	},
	"through a pooler with prepared statements": func(t testing.TB, databaseURL string, servers int) string {
		return NewPgBouncer(t, databaseURL, servers, true).URL
	},
	"through a pooler without": func(t testing.TB, databaseURL string, servers int) string {
		return NewPgBouncer(t, databaseURL, servers, false).URL
	},
}

// pooled puts a pooler in front of the tests' own server where TEST_POOLER says so:
// one with prepared statements ("prepared"), or one without for a server that is told
// so ("exec").
func pooled(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if own, err := url.Parse(the.super); err != nil || u.Host != own.Host {
		return databaseURL
	}
	switch kind := os.Getenv("TEST_POOLER"); kind {
	case "":
		return databaseURL
	case "prepared":
		return NewPgBouncer(t, databaseURL, 20, true).URL
	case "exec":
		return NewPgBouncer(t, databaseURL, 20, false).URL + "&default_query_exec_mode=exec"
	default:
		t.Fatalf("TEST_POOLER=%s: must be prepared or exec", kind)
		return ""
	}
}

// PgBouncer is a real PgBouncer in transaction mode in front of a database.
type PgBouncer struct {
	// URL is the database's, through the pooler.
	URL string

	program  string
	dir      string
	probeURL string // without parameters for a pool
	stop     func()
}

// NewPgBouncer starts one with that many server connections. With prepared it knows
// protocol-level prepared statements, 1,000 a connection as Neon's does; without, it
// passes them on to whichever server connection is free. The settings are lines of its
// configuration that take precedence.
func NewPgBouncer(t testing.TB, databaseURL string, servers int, prepared bool, settings ...string) *PgBouncer {
	t.Helper()
	program, setting := findPgBouncer(t, prepared)
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	p := &PgBouncer{program: program, dir: t.TempDir()}
	password, _ := u.User.Password()
	write(t, p.dir, "users.txt", fmt.Sprintf("%q %q\n", u.User.Username(), password))
	targetHost, targetPort := u.Hostname(), u.Port()
	parameters := u.Query()
	parameters.Set("sslmode", "disable")
	// A port may be taken between its choice and its use: then choose again.
	for range 10 {
		port := freePort(t)
		write(t, p.dir, "pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s/users.txt
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
server_login_retry = 0.1
%s
%s
`, targetHost, targetPort, port, p.dir, servers, setting, strings.Join(settings, "\n")))
		u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		u.RawQuery = "sslmode=disable"
		p.probeURL = u.String()
		u.RawQuery = parameters.Encode()
		p.URL = u.String()
		if p.start(t) {
			t.Cleanup(p.Stop)
			return p
		}
	}
	t.Fatal("PgBouncer found no free port")
	return nil
}

// Stop ends it at once, and every connection through it.
func (p *PgBouncer) Stop() { p.stop() }

// Start runs it again after a Stop, on the same port.
func (p *PgBouncer) Start(t testing.TB) {
	t.Helper()
	if !p.start(t) {
		t.Fatal("PgBouncer did not start again")
	}
}

// start waits until it answers; false if it ended instead.
func (p *PgBouncer) start(t testing.TB) bool {
	t.Helper()
	command := exec.Command(p.program, append(unprivileged(t, p.dir), filepath.Join(p.dir, "pgbouncer.ini"))...)
	var log strings.Builder
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	p.stop = func() { _ = command.Process.Kill(); <-ended }
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		conn, err := pgx.Connect(t.Context(), p.probeURL)
		if err == nil {
			_ = conn.Close(context.WithoutCancel(t.Context()))
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	p.stop()
	t.Fatalf("PgBouncer does not answer: %s", log.String())
	return false
}

// findPgBouncer finds a PgBouncer and what its configuration says of prepared
// statements, which it knows since 1.21. TEST_PGBOUNCER names one that is not
// installed.
func findPgBouncer(t testing.TB, prepared bool) (program, setting string) {
	t.Helper()
	for _, candidate := range []string{"pgbouncer", "/usr/sbin/pgbouncer", os.Getenv("TEST_PGBOUNCER")} {
		path, err := exec.LookPath(candidate)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(t.Context(), path, "--version").Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var major, minor int
		if _, err := fmt.Sscanf(string(out), "PgBouncer %d.%d", &major, &minor); err != nil {
			t.Fatalf("%s: %q: %v", path, out, err)
		}
		switch knows := major > 1 || minor >= 21; {
		case prepared && knows:
			return path, "max_prepared_statements = 1000"
		case !prepared && knows:
			return path, "max_prepared_statements = 0"
		case !prepared:
			return path, ""
		}
	}
	if prepared {
		lacks(t, "PgBouncer 1.21 or newer (set TEST_PGBOUNCER to what .ci/pgbouncer prints)")
	}
	lacks(t, "PgBouncer")
	return "", ""
}

// unprivileged gives a folder to nobody and returns the arguments that make PgBouncer,
// which refuses to be root, nobody too.
func unprivileged(t testing.TB, dir string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	// t.TempDir is private, and so is the folder that holds a test's folders.
	for _, path := range []string{dir, filepath.Dir(dir), filepath.Join(dir, "users.txt"), filepath.Join(dir, "pgbouncer.ini")} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"-u", "nobody"}
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
