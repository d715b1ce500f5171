package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// secret signs the users' tokens.
const secret = "a-secret-of-the-load-test-with-32-bytes!"

const (
	// startTimeout is how long a server may take until it listens.
	startTimeout = time.Minute
	// requestTimeout is far beyond what an answer may take, so that what is reported
	// is the server's own failure and not this program's impatience.
	requestTimeout = time.Minute
	// maxConnections is more than any number of clients.
	maxConnections = 10_000
)

// server is a `todo serve` with its default settings.
type server struct {
	url         string // http://127.0.0.1:port
	adminURL    string // the same, where the environment has ADMIN_ADDR
	databaseURL string
	client      *http.Client
	cmd         *exec.Cmd
	log         *os.File
	ended       chan error
}

// todo is a program of the product on a database, in an environment of nothing else.
func todo(program, databaseURL string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"DATABASE_URL=" + databaseURL, "DATABASE_URL_UNPOOLED=" + databaseURL, "BETTER_AUTH_SECRET=" + secret, "DRAIN=0s"}
	return cmd
}

// migrate gives a database its schema.
func migrate(program, databaseURL string) error {
	if out, err := todo(program, databaseURL, "migrate", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("%s migrate up: %w\n%s", program, err, out)
	}
	return nil
}

// startServer returns when the server listens. It logs to a file, as it would under a
// supervisor. The environment is besides what todo sets.
func startServer(ctx context.Context, program, databaseURL string, environment ...string) (*server, error) {
	log, err := os.CreateTemp("", "todo-load-*.log")
	if err != nil {
		return nil, err
	}
	s := &server{
		databaseURL: databaseURL,
		client:      &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: maxConnections}},
		cmd:         todo(program, databaseURL, "serve", "--addr", "127.0.0.1:0"),
		log:         log,
		ended:       make(chan error, 1),
	}
	s.cmd.Env = append(s.cmd.Env, environment...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close(), os.Remove(log.Name()))
	}
	go func() { s.ended <- s.cmd.Wait() }()
	if err := s.awaitAddress(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) awaitAddress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		content, err := os.ReadFile(s.log.Name())
		if err != nil {
			return err
		}
		for line := range bytes.Lines(content) {
			var said struct{ Msg, Address string }
			if json.Unmarshal(line, &said) != nil {
				continue
			}
			switch said.Msg {
			case "listening for probes":
				s.adminURL = "http://" + said.Address
			case "listening":
				s.url = "http://" + said.Address
				return nil
			}
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("%s: %w\n%s", s.cmd, err, content)
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen: %w\n%s", s.cmd, ctx.Err(), content)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server properly and removes its log.
func (s *server) stop() error {
	s.client.CloseIdleConnections()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	err := <-s.ended
	s.ended <- err
	return errors.Join(err, s.log.Close(), os.Remove(s.log.Name()))
}

// peakMemory is the most resident memory the server had so far, which Linux tells. What
// wait4 tells of a program is not less than what its parent had when it began.
func (s *server) peakMemory() string {
	if bytes := s.peakBytes(); bytes > 0 {
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return "not known on this system"
}

// peakBytes is peakMemory, 0 where it is not known.
func (s *server) peakBytes() int {
	kib, _ := s.status("VmHWM")
	return int(kib) << 10
}
