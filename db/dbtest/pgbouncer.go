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
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer returns the URL of the same database through a real PgBouncer in
// transaction mode with that many server connections. It speaks no protocol-level
// prepared statements (Debian's 1.18 has none), so the URL asks for exec mode.
func PgBouncer(t testing.TB, databaseURL string, servers int) string {
	t.Helper()
	program := Need(t, "pgbouncer", "/usr/sbin/pgbouncer")
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	password, _ := u.User.Password()
	write(t, dir, "users.txt", fmt.Sprintf("%q %q\n", u.User.Username(), password))
	// A port may be taken between its choice and its use: then choose again.
	for range 10 {
		port := freePort(t)
		write(t, dir, "pgbouncer.ini", fmt.Sprintf(`[databases]
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
`, u.Hostname(), u.Port(), port, dir, servers))
		pooled := *u
		pooled.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		pooled.RawQuery = "sslmode=disable&default_query_exec_mode=exec"
		if runPgBouncer(t, program, dir, pooled.String()) {
			return pooled.String()
		}
	}
	t.Fatal("PgBouncer found no free port")
	return ""
}

// runPgBouncer starts it and waits until it answers; false if it ended instead.
func runPgBouncer(t testing.TB, program, dir, pooledURL string) bool {
	t.Helper()
	command := exec.Command(program, filepath.Join(dir, "pgbouncer.ini"))
	command.Stderr = os.Stderr
	command.SysProcAttr = unprivileged(t, dir)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	stop := func() { _ = command.Process.Kill(); <-ended }
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		conn, err := pgx.Connect(t.Context(), pooledURL)
		if err == nil {
			_ = conn.Close(context.WithoutCancel(t.Context()))
			t.Cleanup(stop)
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	t.Fatal("PgBouncer does not answer")
	return false
}

// unprivileged gives a folder to nobody and runs a program as nobody: PgBouncer
// refuses to be root.
func unprivileged(t testing.TB, dir string) *syscall.SysProcAttr {
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
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// Need finds a program that a machine may lack: there the test is skipped, but
// never in CI.
func Need(t testing.TB, name string, elsewhere ...string) string {
	t.Helper()
	for _, candidate := range append([]string{name}, elsewhere...) {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
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
