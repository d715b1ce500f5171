//go:build unix

package embedded

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Server is a running PostgreSQL server.
type Server struct {
	*process
	home *home
	url  string
}

// URL is where the server's superuser connects:
// postgres://postgres:<password>@127.0.0.1:<port>/postgres?sslmode=disable.
// The port changes with every start, the password stays.
func (s *Server) URL() string { return s.url }

// Dir is the folder the server lives in: Config.Dir, or the one under
// /var/lib/securetodo that replaces it.
func (s *Server) Dir() string { return s.home.dir }

// Done is closed when the server ended by itself, and is not closed by Stop.
func (s *Server) Done() <-chan struct{} { return s.byItself }

// Stop shuts the server down, breaking connections that are still open, and
// returns when it has ended, with an error where it had ended by itself before.
// Further calls return what the first did.
func (s *Server) Stop() error {
	s.cancel()
	<-s.ended
	select {
	case <-s.byItself:
		return fmt.Errorf("PostgreSQL in %s ended by itself (%s): see postgres.log there", s.home.dir, s.cmd.ProcessState)
	default:
	}
	if !s.cmd.ProcessState.Success() {
		return fmt.Errorf("PostgreSQL in %s did not shut down (%s): see postgres.log there", s.home.dir, s.cmd.ProcessState)
	}
	return nil
}

// A number that a killed server left may be another program's by now, as happens
// in restarted containers: PostgreSQL would take that for the server and not start.
const removeStalePIDFile = `if command=$(ps -ww -o command= -p "$(head -n 1 data/postmaster.pid 2>/dev/null)" 2>/dev/null)
then case $command in *postgres*) ;; *) rm -f data/postmaster.pid ;; esac; fi`

// serve returns when the server accepts connections. It tries again when another
// program takes the port between our finding it free and the server's asking for it.
func (h *home) serve(ctx context.Context, i installation, parameters map[string]string, password string) (*Server, error) {
	if err := h.run(removeStalePIDFile, ""); err != nil {
		return nil, err
	}
	args := []string{"-D", h.dataDir()}
	for name, value := range parameters {
		args = append(args, "-c", name+"="+value)
	}
	for attempt := 1; ; attempt++ {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		p, err := h.start(context.WithoutCancel(ctx), filepath.Join(i.bin, "postgres"), append(args,
			"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprint("port=", address.Port), "-c", "unix_socket_directories=")...)
		if err != nil {
			return nil, fmt.Errorf("starting PostgreSQL: %w", err)
		}
		u := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, password), Host: address.String(), Path: "/postgres", RawQuery: "sslmode=disable"}
		s := &Server{process: p, home: h, url: u.String()}
		if h.awaitReady(ctx, p) {
			return s, nil
		}
		if err := s.Stop(); ctx.Err() != nil {
			return nil, err
		}
		if err = h.failed("starting PostgreSQL", p); attempt == 5 || !strings.Contains(err.Error(), "could not bind") {
			return nil, err
		}
	}
}

// awaitReady looks, as pg_ctl does, at the first line of postmaster.pid, which
// is the process, and the eighth, its status.
func (h *home) awaitReady(ctx context.Context, p *process) bool {
	for ctx.Err() == nil {
		content, _ := os.ReadFile(filepath.Join(h.dataDir(), "postmaster.pid"))
		lines := strings.Split(string(content), "\n")
		if len(lines) >= 8 && lines[0] == strconv.Itoa(p.cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready" {
			return true
		}
		select {
		case <-p.ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

func freeAddress() (*net.TCPAddr, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("finding a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}
