//go:build unix

package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/securetodo/securetodo/db/embedded"
	"github.com/securetodo/securetodo/db/measure"
)

// parameters of PostgreSQL. What is killed here is a process and not a machine, so what
// was written to the kernel is safe. That an answer waits for it is what is tried, so
// synchronous_commit stays on.
var parameters = map[string]string{"fsync": "off", "max_connections": "200"}

// Postgres is a private PostgreSQL that can be killed and started again.
type Postgres struct {
	config embedded.Config
	links  []*Link

	mu     sync.Mutex
	server *embedded.Server
}

// StartPostgres starts one in a folder.
func StartPostgres(ctx context.Context, dir string, progress io.Writer) (*Postgres, error) {
	p := &Postgres{config: embedded.Config{Dir: dir, MirrorURL: os.Getenv("POSTGRES_MIRROR_URL"), Parameters: parameters, Progress: progress}}
	var err error
	p.server, err = embedded.Start(ctx, p.config)
	return p, err
}

// URL is the superuser's. It changes with each start.
func (p *Postgres) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server.URL()
}

// Address is where it listens now.
func (p *Postgres) Address() string {
	u, err := url.Parse(p.URL())
	if err != nil {
		panic(err)
	}
	return u.Host
}

// DatabaseURL is the superuser's URL of a database.
func (p *Postgres) DatabaseURL(database string) string {
	u, err := url.Parse(p.URL())
	if err != nil {
		panic(err)
	}
	u.Path = "/" + database
	return u.String()
}

// Lead has a link lead here, also after the next start.
func (p *Postgres) Lead(l *Link) { p.links = append(p.links, l) }

// Stop stops it for good.
func (p *Postgres) Stop() error {
	err := p.server.Stop()
	_ = os.RemoveAll(p.server.Dir())
	return err
}

// Signal sends a signal to the postmaster and waits for its end: SIGKILL, after which the
// processes of the connections end by themselves, or SIGQUIT, PostgreSQL's immediate
// shutdown.
func (p *Postgres) Signal(signal syscall.Signal) error {
	pid, err := p.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return err
	}
	<-p.server.Done()
	return nil
}

// Start starts it again.
func (p *Postgres) Start(ctx context.Context) error {
	config := p.config
	config.Progress = nil
	server, err := embedded.Start(ctx, config)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	for _, l := range p.links {
		l.SetTarget(p.Address())
	}
	return nil
}

func (p *Postgres) pid() (int, error) {
	content, err := os.ReadFile(filepath.Join(p.server.Dir(), "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(content, []byte("\n"))
	return strconv.Atoi(string(first))
}

// KillBackend kills the process of one connection to a database, whereupon PostgreSQL
// ends all others and recovers. It returns when that is done.
func (p *Postgres) KillBackend(ctx context.Context, database string) error {
	backends, err := measure.Backends(ctx, p.DatabaseURL(database))
	if err != nil || len(backends) == 0 {
		return err
	}
	if err := syscall.Kill(backends[0], syscall.SIGKILL); err != nil {
		return err
	}
	return p.answers(ctx, database)
}

// answers waits until connections are accepted.
func (p *Postgres) answers(ctx context.Context, database string) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := measure.Backends(ctx, p.DatabaseURL(database))
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not recover: %w", err)
		}
	}
}
