//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/cmd/chaos/faults"
	"github.com/securetodo/securetodo/cmd/chaos/history"
	"github.com/securetodo/securetodo/cmd/chaos/workload"
	"github.com/securetodo/securetodo/db/measure"
)

const (
	database = "chaos" // and its owner
	secret   = "a-secret-of-the-checker-with-32-bytes-or-more"
	// drain is how long a server that was told to stop goes on answering. A balancer knows
	// of it sooner: it looks every 0.1 s, and waits for the answer for a second at most.
	drain = 3 * time.Second
	// poolerServers is how many connections PgBouncer has.
	poolerServers = 20
)

// cluster is what the clients of a run talk to: two servers, one of them behind
// PgBouncer, on one PostgreSQL, with a link wherever a network would be.
//
//	clients ─┬─ a ── link ──────────────────────┬─ PostgreSQL
//	         └─ b ── link ── PgBouncer ── link ─┘
type cluster struct {
	dir      string
	postgres *faults.Postgres
	links    []*faults.Link // that may fail: of a, of b, of PgBouncer
	victims  []string       // of the fault that is there now
	pooler   *faults.PgBouncer
	servers  []*server
}

// server is a todo serve and how clients see it.
type server struct {
	*faults.Process
	*workload.Server
	address string
}

// startCluster starts everything. stop must be called also after an error.
func startCluster(ctx context.Context, program string, out io.Writer) (c *cluster, err error) {
	c = &cluster{}
	if c.dir, err = os.MkdirTemp("", "todo-chaos-"); err != nil {
		return c, err
	}
	// PostgreSQL and PgBouncer may run as another user than this one, who must reach it.
	if err := os.Chmod(c.dir, 0o755); err != nil {
		return c, err
	}
	if c.postgres, err = faults.StartPostgres(ctx, filepath.Join(c.dir, "postgres"), out); err != nil {
		return c, err
	}
	direct, err := measure.NewOwnedDatabase(ctx, c.postgres.URL(), database)
	if err != nil {
		return c, err
	}
	if err := faults.Todo(program, direct, secret, filepath.Join(c.dir, "migrate.log"), nil, "migrate", "up").Run(); err != nil {
		return c, err
	}
	owner, err := url.Parse(direct)
	if err != nil {
		return c, err
	}
	toPostgres, err := c.link("a", c.postgres.Address())
	if err != nil {
		return c, err
	}
	toPooler, err := c.link("b", "")
	if err != nil {
		return c, err
	}
	ofPooler, err := c.link("PgBouncer", c.postgres.Address())
	if err != nil {
		return c, err
	}
	c.postgres.Lead(toPostgres)
	c.postgres.Lead(ofPooler)
	password, _ := owner.User.Password()
	if c.pooler, err = faults.NewPgBouncer(c.dir, ofPooler.Address, fmt.Sprintf("%q %q\n", database, password), poolerServers); err != nil {
		return c, err
	}
	if err := errors.Join(c.pooler.Start(), c.pooler.Listens(ctx, c.pooler.Address)); err != nil {
		return c, err
	}
	toPooler.SetTarget(c.pooler.Address)
	for n, link := range []*faults.Link{toPostgres, toPooler} {
		s, err := c.newServer(program, string(rune('a'+n)), at(owner, link.Address))
		if err != nil {
			return c, err
		}
		c.servers = append(c.servers, s)
		if err := errors.Join(s.Start(), s.Listens(ctx, s.address)); err != nil {
			return c, err
		}
	}
	return c, nil
}

// link is a network that a client of a database has.
func (c *cluster) link(of, target string) (*faults.Link, error) {
	l, err := faults.NewLink("network of "+of, target)
	if err == nil {
		c.links = append(c.links, l)
	}
	return l, err
}

// at is a database's URL at another address.
func at(u *url.URL, address string) string {
	moved := *u
	moved.Host = address
	return moved.String()
}

func (c *cluster) newServer(program, name, databaseURL string) (*server, error) {
	address, err := faults.FreeAddress()
	if err != nil {
		return nil, err
	}
	probes, err := faults.FreeAddress()
	if err != nil {
		return nil, err
	}
	return &server{
		Process: faults.Todo(program, databaseURL, secret, filepath.Join(c.dir, "server-"+name+".log"), []string{
			"ADDR=" + address, "ADMIN_ADDR=" + probes, "DRAIN=" + drain.String(), "LIVE_POLL=500ms",
		}, "serve"),
		Server:  &workload.Server{Name: name, URL: "http://" + address, Ready: "http://" + probes + "/readyz"},
		address: address,
	}, nil
}

func (c *cluster) clientsServers() (servers []*workload.Server) {
	for _, s := range c.servers {
		servers = append(servers, s.Server)
	}
	return servers
}

// table reads all rows, by nobody's help.
func (c *cluster) table(ctx context.Context) (workload.Table, error) {
	tasks, deleted, err := measure.Stored(ctx, c.postgres.DatabaseURL(database))
	return tableOf(tasks, deleted), err
}

func tableOf(tasks []measure.StoredTask, deleted []uuid.UUID) workload.Table {
	t := workload.Table{Rows: map[string]map[string]history.Row{}, Tombstones: map[string]bool{}}
	for _, row := range tasks {
		if t.Rows[row.UserID] == nil {
			t.Rows[row.UserID] = map[string]history.Row{}
		}
		id := row.ID.String()
		t.Rows[row.UserID][id] = history.Row{ID: id, Owner: row.UserID, Title: row.Title, Completed: row.Completed, Version: row.Version}
	}
	for _, id := range deleted {
		t.Tombstones[id.String()] = true
	}
	return t
}

// stop ends everything. The logs of the servers stay if keep says so.
func (c *cluster) stop(keep bool) error {
	for _, s := range c.servers {
		s.Kill()
	}
	if c.pooler != nil && c.pooler.Ended() != nil {
		c.pooler.Kill()
	}
	for _, l := range c.links {
		l.Close()
	}
	var err error
	if c.postgres != nil {
		err = c.postgres.Stop()
	}
	if keep {
		return err
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}
