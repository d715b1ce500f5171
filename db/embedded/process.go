package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A fast shutdown takes well under a second; a server in the middle of recovery
// or a slow disk may take far longer, and killing it costs a recovery.
const stopTimeout = 2 * time.Minute

// run runs a line of shell in the folder, as the folder's user.
func (h *home) run(script, stdin string) error {
	cmd := exec.Command("/bin/sh", "-c", `umask 077; cd "$0" && `+script, h.dir)
	cmd.Dir = "/"
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = h.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.credential}
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

// The subshell waits for the end of this program, on which, however it comes,
// the kernel closes the pipe at fd 3, and tells the process to shut down. The
// number cannot be another process's by then: it is also the subshell's group.
const startScript = `(cat <&3; kill -INT $$) >/dev/null 2>&1 4<&- &
umask 077; echo "$0 $$" >lock; exec "$@" 3<&- >postgres.log 2>&1`

// start starts a program of PostgreSQL in the folder, as the folder's user, to
// be shut down when ctx or this program ends. It inherits the lock, so that the
// folder stays locked while it runs.
func (h *home) start(ctx context.Context, program string, args ...string) (*process, error) {
	end, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	ctx, cancel := context.WithCancel(ctx)
	p := &process{cancel: cancel, byItself: make(chan struct{}), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", startScript, strconv.Itoa(os.Getpid()), program}, args...)...)
	p.cmd.Dir = h.dir
	p.cmd.Env = h.environment()
	p.cmd.ExtraFiles = []*os.File{end, h.locked}
	// In a session of its own no Ctrl-C of the terminal reaches it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: h.credential}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGINT) }
	p.cmd.WaitDelay = stopTimeout
	if err := p.cmd.Start(); err != nil {
		cancel()
		return nil, errors.Join(err, pipe.Close())
	}
	go func() {
		_ = p.cmd.Wait() // what it says is in ProcessState
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

// environment is a short list, because PostgreSQL's programs obey PG… variables,
// and a server that may run as another user must not see this program's secrets.
func (h *home) environment() []string {
	env := []string{"HOME=" + h.dir, "LC_ALL=C"}
	for _, name := range []string{"PATH", "TZ", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
