//go:build unix

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A fast shutdown takes well under a second; a server in the middle of recovery
// or a slow disk may take far longer, and killing it costs a recovery.
const stopTimeout = 2 * time.Minute

var inherited = regexp.MustCompile(`^(PATH|TZ|LD_LIBRARY_PATH)=`)

// command is a shell in the folder, as the folder's user. Its environment is a
// short list, because PostgreSQL's programs obey PG… variables, and a server
// that may run as another user must not see this program's secrets. In a session
// of its own no Ctrl-C of the terminal reaches it.
func (h *home) command(ctx context.Context, script string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `umask 077; cd "$0" && ` + script, h.dir}, args...)...)
	cmd.Dir = "/"
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return !inherited.MatchString(variable) })
	cmd.Env = append(cmd.Env, "HOME="+h.dir, "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: h.credential}
	return cmd
}

// run runs a line of shell in the folder.
func (h *home) run(script, stdin string) error {
	cmd := h.command(context.Background(), script)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// process is initdb or postgres at work in the folder.
type process struct {
	cmd      *exec.Cmd
	cancel   context.CancelFunc
	byItself chan struct{} // closed when it ended without being told to
	ended    chan struct{} // closed after that
}

// The inner subshell waits for the end of this program, on which, however it
// comes, the kernel closes the pipe at fd 3, and tells the process to shut down.
// The number cannot be another process's by then: it is also the subshell's
// group. The outer one ends at once, so that postgres has no foreign child.
const startScript = `echo "$1 $$" >lock && shift && {
	( (cat <&3; kill -INT $$) >/dev/null 2>&1 4<&- & )
	exec "$@" 3<&- >postgres.log 2>&1
}`

// start starts a program of PostgreSQL in the folder, to be shut down when ctx
// or this program ends. It inherits the lock, so that the folder stays locked
// while it runs.
func (h *home) start(ctx context.Context, program string, args ...string) (*process, error) {
	end, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	ctx, cancel := context.WithCancel(ctx)
	cmd := h.command(ctx, startScript, append([]string{strconv.Itoa(os.Getpid()), program}, args...)...)
	cmd.ExtraFiles = []*os.File{end, h.locked}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = stopTimeout
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, errors.Join(err, pipe.Close())
	}
	p := &process{cmd: cmd, cancel: cancel, byItself: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // what it says is in ProcessState
		if ctx.Err() == nil {
			close(p.byItself)
		}
		cancel()
		_ = pipe.Close()
		close(p.ended)
	}()
	return p, nil
}

// failed quotes the log of a process that failed.
func (h *home) failed(doing string, p *process) error {
	log, _ := os.ReadFile(h.path("postgres.log"))
	return fmt.Errorf("%s in %s: %s\n%s", doing, h.dataDir(), p.cmd.ProcessState, log[max(0, len(log)-4096):])
}
