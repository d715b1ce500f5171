package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"flag"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

const testSecret = "a-secret-of-the-tests-with-32-bytes!"

// TestMain runs the program itself if a test has started this binary as such.
func TestMain(m *testing.M) {
	if os.Getenv("TODO_TEST_MAIN") != "" {
		_ = os.Unsetenv("TODO_TEST_MAIN")
		if dir := os.Getenv("TODO_TEST_MIGRATIONS"); dir != "" {
			migrationFiles = os.DirFS(dir)
		}
		main()
	}
	dbtest.Main(m)
}

// program is a running todo.
type program struct {
	*exec.Cmd
	out, log *output
	ended    chan error
}

// output captures what a program writes.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// command returns todo in an environment of these variables only.
func command(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.Command(os.Args[0], args...), out: &output{}, log: &output{}, ended: make(chan error, 1)}
	// Under the race detector a program would sleep a second at its end.
	p.Env = []string{"TODO_TEST_MAIN=1", "DRAIN=0s", "GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PG_BIN=" + os.Getenv("PG_BIN")}
	if testing.CoverMode() != "" {
		// There the coverage of the program counts too. Without a folder, Go would
		// write a warning to standard error, which tests compare.
		p.Env = append(p.Env, "GOCOVERDIR="+cmp.Or(flag.Lookup("test.gocoverdir").Value.String(), t.TempDir()))
	}
	p.Env = append(p.Env, environment...)
	p.Stdout, p.Stderr = p.out, p.log
	return p
}

func (p *program) start(t *testing.T) *program {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(time.Minute):
			_ = p.Process.Kill()
			t.Errorf("%s does not stop", p)
		}
	})
	return p
}

// stop sends a signal and returns the error of the program.
func (p *program) stop(t *testing.T, signal os.Signal) error {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return p.wait(t)
}

// wait returns the error of the program.
func (p *program) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		p.ended <- err
		return err
	case <-time.After(time.Minute):
		t.Fatalf("%s does not stop: %s", p, p.log)
		return nil
	}
}

// runToEnd runs todo and returns what it printed, what it logged, and its error.
func runToEnd(t *testing.T, environment []string, args ...string) (out, log string, err error) {
	t.Helper()
	p := command(t, environment, args...)
	err = p.Run()
	return p.out.String(), p.log.String(), err
}

// todo is runToEnd for a command that must succeed; it returns what it printed.
func todo(t *testing.T, environment []string, args ...string) string {
	t.Helper()
	out, log, err := runToEnd(t, environment, args...)
	if err != nil {
		t.Fatalf("todo %s: %v\n%s", strings.Join(args, " "), err, log)
	}
	return strings.TrimSpace(out)
}

// refused is runToEnd for a command that must fail with one line that contains says, besides
// warnings.
func refused(t *testing.T, says string, environment []string, args ...string) {
	t.Helper()
	out, log, err := runToEnd(t, environment, args...)
	if err == nil || !strings.Contains(log, says) || strings.Count(log, "\n")-strings.Count(log, `"level":"WARN"`) != 1 {
		t.Errorf("todo %s: %v, %q, %q; want it to say %q in one line", strings.Join(args, " "), err, out, log, says)
	}
}

// waitFor returns the first line with a text; the test fails if the program ends
// without it.
func (p *program) waitFor(t *testing.T, o *output, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		lines := bufio.NewScanner(strings.NewReader(o.String()))
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return lines.Text()
			}
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			t.Fatalf("%s ended (%v) and never said %q:\n%s%s", p, err, text, p.out, p.log)
		case <-ctx.Done():
			t.Fatalf("%s never said %q:\n%s%s", p, text, p.out, p.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
