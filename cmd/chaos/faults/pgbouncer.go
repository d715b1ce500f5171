//go:build unix

package faults

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// PgBouncer is one in transaction mode, as Neon's.
type PgBouncer struct {
	*Process
	Address string
}

// errNoPgBouncer says how to get one.
var errNoPgBouncer = errors.New("PgBouncer is not installed; install it, or set TEST_PGBOUNCER to one, such as .ci/pgbouncer prints")

// NewPgBouncer prepares one in front of a PostgreSQL for one login, in a folder of its own.
func NewPgBouncer(dir, target, login string, servers int) (*PgBouncer, error) {
	program, prepared, err := findPgBouncer()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	_, listen, _ := net.SplitHostPort(address)
	settings := filepath.Join(dir, "pgbouncer.ini")
	content := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s/users.txt
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
server_login_retry = 0.1
%s
`, host, port, listen, dir, servers, prepared)
	if err := errors.Join(
		os.WriteFile(settings, []byte(content), 0o644),
		os.WriteFile(filepath.Join(dir, "users.txt"), []byte(login), 0o644),
	); err != nil {
		return nil, err
	}
	args := []string{settings}
	if os.Geteuid() == 0 { // which PgBouncer refuses to be
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return nil, err
		}
		args = append([]string{"-u", nobody.Username}, args...)
	}
	return &PgBouncer{Process: &Process{program: program, args: args, log: filepath.Join(dir, "pgbouncer.log")}, Address: address}, nil
}

// findPgBouncer prefers one that knows prepared statements, which it does since 1.21.
func findPgBouncer() (program, setting string, err error) {
	for _, candidate := range []string{os.Getenv("TEST_PGBOUNCER"), "pgbouncer", "/usr/sbin/pgbouncer"} {
		path, err := exec.LookPath(candidate)
		if err != nil {
			continue
		}
		out, err := exec.Command(path, "--version").Output()
		if err != nil {
			return "", "", err
		}
		fields := strings.FieldsFunc(string(out), func(r rune) bool { return r < '0' || r > '9' })
		if len(fields) < 2 {
			return "", "", fmt.Errorf("%s: %q", path, out)
		}
		major, _ := strconv.Atoi(fields[0])
		minor, _ := strconv.Atoi(fields[1])
		if major > 1 || minor >= 21 {
			return path, "max_prepared_statements = 1000", nil
		}
		return path, "", nil
	}
	return "", "", errNoPgBouncer
}
