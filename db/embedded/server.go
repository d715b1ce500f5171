package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A fast shutdown takes well under a second; a server in the middle of
// recovery or a slow disk may take far longer, and killing it costs a recovery.
const stopTimeout = 2 * time.Minute

// Server is a running PostgreSQL server and its keeper.
type Server struct {
	dir     string
	url     string
	process *os.Process
	stdin   io.Closer

	stopping sync.Once
	stop     chan struct{}
	ended    chan struct{}
	done     chan struct{}
	failure  error
}

// URL is where the server's superuser connects:
// postgres://postgres:<password>@127.0.0.1:<port>/postgres?sslmode=disable.
// The port changes with every start, the password stays.
func (s *Server) URL() string { return s.url }

// Dir is the folder the server lives in: Config.Dir, or what stands in for it.
func (s *Server) Dir() string { return s.dir }

// Done is closed when the server or its keeper ended by itself, and is not
// closed by Stop.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop stops the server, breaking connections that are still open, and returns
// when it has ended. Further calls return what the first did.
func (s *Server) Stop() error {
	s.stopping.Do(func() {
		close(s.stop)
		_ = s.stdin.Close()
	})
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = s.process.Kill()
		<-s.ended
	}
	return s.failure
}

func spawn(dir string, o order) (*Server, <-chan report, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("finding this program, to start it as the keeper of PostgreSQL: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{self, "(keeper of the database in " + dir + ")"}
	cmd.Dir = dir
	cmd.Env = keeperEnvironment(dir)
	// The terminal sends Ctrl-C to a whole process group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	complaints := &lastWords{}
	cmd.Stderr = complaints
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	cmd.ExtraFiles = []*os.File{in}
	if err := cmd.Start(); err != nil {
		_ = out.Close()
		return nil, nil, fmt.Errorf("starting the keeper of PostgreSQL: %w", err)
	}

	s := &Server{
		dir:     dir,
		process: cmd.Process,
		stdin:   stdin,
		stop:    make(chan struct{}),
		ended:   make(chan struct{}),
		done:    make(chan struct{}),
	}
	// A keeper that is gone already shows in its reports, which end.
	_ = json.NewEncoder(stdin).Encode(o)
	go s.wait(cmd, complaints)
	reports := make(chan report, 16)
	go receive(out, reports)
	return s, reports, nil
}

func (s *Server) wait(cmd *exec.Cmd, complaints *lastWords) {
	err := cmd.Wait()
	byItself := false
	select {
	case <-s.stop:
	default:
		byItself = true
	}
	switch said := complaints.String(); {
	case err != nil && said != "":
		s.failure = errors.New(said)
	case err != nil:
		s.failure = fmt.Errorf("the keeper of PostgreSQL in %s: %w", s.dir, err)
	case byItself:
		s.failure = fmt.Errorf("the keeper of PostgreSQL in %s was told to end by another program", s.dir)
	}
	close(s.ended)
	if byItself {
		close(s.done)
	}
}

// receive ends after the report that decides the start.
func receive(out *os.File, reports chan<- report) {
	defer close(reports)
	defer out.Close()
	decoder := json.NewDecoder(out)
	for {
		var r report
		if decoder.Decode(&r) != nil {
			return
		}
		reports <- r
		if r.Error != "" || r.Port != 0 {
			return
		}
	}
}

// keeperEnvironment is a short list, because both the library's client and
// PostgreSQL's programs obey PG… variables, and because the secrets of the
// program are nothing to a server that runs as another user.
func keeperEnvironment(dir string) []string {
	env := []string{
		keeperMark + "=1",
		"HOME=" + dir,
		"TMPDIR=" + filepath.Join(dir, "log"),
		"LC_ALL=C",
	}
	for _, name := range []string{
		"PATH", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// lastWords keeps the end of what the keeper wrote to stderr.
type lastWords struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const lastWordsLimit = 16 << 10

func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if extra := w.buf.Len() - lastWordsLimit; extra > 0 {
		w.buf.Next(extra)
	}
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.TrimSpace(w.buf.String())
}
