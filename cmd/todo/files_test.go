package main

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

// keptAlive is a connection that is used for one request after the other.
type keptAlive struct {
	net.Conn
	replies *bufio.Reader
}

func dial(t *testing.T, address string) *keptAlive {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return &keptAlive{conn, bufio.NewReader(conn)}
}

func (k *keptAlive) get(t *testing.T, path string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(k, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(k.replies, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		t.Fatal(err)
	}
	return reply
}

// inShell runs a program after what a shell prepares.
func inShell(program *exec.Cmd, prepare string) *exec.Cmd {
	c := exec.Command("sh", append([]string{"-c", prepare + ` && exec "$@"`, "sh"}, program.Args...)...)
	c.Env, c.Stdout, c.Stderr = program.Env, program.Stdout, program.Stderr
	return c
}

func TestConnectionsLeaveRoomForDatabaseAndProbes(t *testing.T) {
	t.Parallel()
	const unlimited = math.MaxInt64
	for _, c := range []struct {
		files    uint64
		memory   int64
		database int
		want     int
	}{
		{1024, unlimited, 24, 768},
		{1024, unlimited, 200, 496},
		{1 << 20, unlimited, 24, 20_000},
		{math.MaxUint64, unlimited, 24, 20_000},
		{1 << 20, 256 << 20, 24, 2730},
		{256, unlimited, 24, 80},
		{100, unlimited, 24, 25}, // less than it needs
		{2, 1, 24, 1},
	} {
		if got := connectionsWithin(c.files, c.memory, c.database); got != c.want {
			t.Errorf("of %d files and %d bytes, with %d connections to the database: %d, want %d", c.files, c.memory, c.database, got, c.want)
		}
	}
}

// TestServeAnswersNewClientsAndProbesWhenFilesRunOut has more idle clients than the server
// may open files: some wait for their next request, some never sent one.
func TestServeAnswersNewClientsAndProbesWhenFilesRunOut(t *testing.T) {
	t.Parallel()
	p := command(t, environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0"), "serve", "--addr", "127.0.0.1:0")
	p.Cmd = inShell(p.Cmd, "ulimit -n 256")
	p.start(t)
	var listening struct {
		Address string
		Most    int `json:"max_connections"`
	}
	if err := json.Unmarshal([]byte(p.waitFor(t, p.log, `"msg":"listening"`)), &listening); err != nil || listening.Most != 78 {
		t.Fatalf("%v, at most %d connections", err, listening.Most)
	}
	for _, address := range []string{listening.Address, probed(t, p)} {
		for n := range 325 {
			if conn := dial(t, address); n%2 == 0 {
				if reply := conn.get(t, "/nothing"); reply.StatusCode != 404 {
					t.Fatal(reply)
				}
			}
		}
	}
	if status, body := get(t, listening.Address, "/health", ""); status != 200 {
		t.Errorf("a new client: %d %s", status, body)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if status, body := get(t, probed(t, p), path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	// Streams leave half of them to requests.
	openStreams(t, listening.Address, "user", listening.Most/2, 1)
	var more openedStream
	if err := more.open(listening.Address, "one-more"); err == nil {
		t.Error("one more stream than half of the connections")
	}
	if more.conn != nil {
		_ = more.conn.Close()
	}
}
