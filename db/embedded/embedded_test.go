//go:build unix

package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/embedded"
)

// patience is for a machine that builds and tests other packages meanwhile.
const patience = 2 * time.Minute

const helperMark = "SECURETODO_EMBEDDED_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperMark); dir != "" {
		runHelper(dir)
	}
	code := m.Run()
	if s := shared.server; s != nil {
		if err := errors.Join(s.Stop(), os.RemoveAll(filepath.Dir(s.Dir()))); err != nil {
			fmt.Println("stopping the shared server:", err)
			code = 1
		}
	}
	if originals.dir != "" {
		_ = os.RemoveAll(filepath.Dir(originals.dir))
	}
	os.Exit(code)
}

// runHelper is another program with a server, for tests that kill it.
func runHelper(dir string) {
	s, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Parameters: fast})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(s.URL())
	<-s.Done()
	os.Exit(0)
}

var fast = map[string]string{"fsync": "off", "full_page_writes": "off"}

// prepared is a folder with a database, which takes less time than initdb.
func prepared(t *testing.T) string {
	t.Helper()
	dir := reachable(t)
	if out, err := exec.Command("cp", "-pR", original(t), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

var originals struct {
	start sync.Once
	dir   string
	err   error
}

func original(t *testing.T) string {
	t.Helper()
	originals.start.Do(func() {
		var s *embedded.Server
		if originals.dir, originals.err = newReachable(); originals.err != nil {
			return
		}
		if s, originals.err = embedded.Start(context.Background(), embedded.Config{Dir: originals.dir, Parameters: fast}); originals.err == nil {
			originals.err = s.Stop()
		}
	})
	if originals.err != nil {
		t.Fatal(originals.err)
	}
	return originals.dir
}

// shared is the server of tests that only look at one.
var shared struct {
	start  sync.Once
	server *embedded.Server
	err    error
}

func running(t *testing.T) *embedded.Server {
	t.Helper()
	shared.start.Do(func() {
		var dir string
		if dir, shared.err = newReachable(); shared.err == nil {
			shared.err = exec.Command("cp", "-pR", original(t), dir).Run()
		}
		if shared.err == nil {
			shared.server, shared.err = embedded.Start(context.Background(), embedded.Config{Dir: dir, Parameters: fast})
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// reachable is a folder, yet to be made, that an unprivileged user can reach,
// which t.TempDir is not.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := newReachable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func newReachable() (string, error) {
	base, err := os.MkdirTemp("", "embedded")
	return filepath.Join(base, "server"), errors.Join(err, os.Chmod(base, 0o755))
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryStart(t *testing.T, c embedded.Config) (*embedded.Server, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := embedded.Start(ctx, c)
	if err == nil {
		t.Cleanup(func() { _ = s.Stop() })
	}
	return s, err
}

func stop(t *testing.T, s *embedded.Server) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, s *embedded.Server, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("still not so: %s", what)
		}
	}
}

func host(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func refuses(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

// childOf is the process that works in the folder: initdb or postgres.
func childOf(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	var program, child int
	if _, err := fmt.Sscan(string(content), &program, &child); err != nil || child == program {
		t.Fatalf("no process works in %s: %q", dir, content)
	}
	return child
}

func mustMention(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not mention %q: %v", word, err)
		}
	}
}

// lines is a Progress that can be read while it is written to.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
