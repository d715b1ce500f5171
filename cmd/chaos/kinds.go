//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/faults"
	"github.com/securetodo/securetodo/db/measure"
)

// kind is a kind of fault. It lasts for about as long as it is told and is over when it
// returns: what was broken works again.
type kind struct {
	name   string
	inject func(ctx context.Context, c *cluster, random *rand.Rand, lasts time.Duration) error
}

// kinds are all, by name.
var kinds = []kind{
	{"postgres-kill", crash(syscall.SIGKILL)},
	{"postgres-restart", crash(syscall.SIGQUIT)},
	{"backend-kill", func(ctx context.Context, c *cluster, _ *rand.Rand, _ time.Duration) error {
		return c.postgres.KillBackend(ctx, database)
	}},
	{"terminate", func(ctx context.Context, c *cluster, _ *rand.Rand, _ time.Duration) error {
		return measure.Terminate(ctx, c.postgres.DatabaseURL(database))
	}},
	{"read-only", func(ctx context.Context, c *cluster, _ *rand.Rand, lasts time.Duration) error {
		if err := measure.SetReadOnly(ctx, c.postgres.URL(), true); err != nil {
			return err
		}
		wait(ctx, lasts)
		return measure.SetReadOnly(context.WithoutCancel(ctx), c.postgres.URL(), false)
	}},
	{"pgbouncer-restart", func(ctx context.Context, c *cluster, _ *rand.Rand, lasts time.Duration) error {
		c.pooler.Kill()
		wait(ctx, lasts)
		return errors.Join(c.pooler.Start(), c.pooler.Listens(ctx, c.pooler.Address))
	}},
	{"silent", network(faults.Silent, 3)}, // longer than what waits for an answer
	{"cut", network(faults.Cut, 1)},
	{"slow", network(faults.Slow, 1)},
	{"forget", func(_ context.Context, c *cluster, random *rand.Rand, _ time.Duration) error {
		// Not of PgBouncer: it waits for what is dead as long as it is told to.
		for _, l := range c.someOf(c.links[:2], random) {
			l.Forget()
		}
		return nil
	}},
	{"sigterm", stopServer(syscall.SIGTERM)},
	{"sighup", stopServer(syscall.SIGHUP)},
	{"sigkill", func(ctx context.Context, c *cluster, random *rand.Rand, lasts time.Duration) error {
		s := c.oneOf(random)
		s.Killed()
		s.Kill()
		wait(ctx, lasts/4)
		err := errors.Join(s.Start(), s.Listens(ctx, s.address))
		s.Alive()
		return err
	}},
	// A server starts while its database is away.
	{"start", func(ctx context.Context, c *cluster, random *rand.Rand, lasts time.Duration) error {
		s := c.oneOf(random)
		return crashWhile(ctx, c, syscall.SIGQUIT, func() error {
			s.Killed()
			s.Kill()
			err := s.Start()
			// Longer than a start may take that gives up.
			wait(ctx, max(lasts, 4*time.Second))
			return err
		}, func() error {
			defer s.Alive()
			if s.HasEnded() {
				return errors.Join(errEnded, s.Start(), s.Listens(ctx, s.address))
			}
			return s.Listens(ctx, s.address)
		})
	}},
}

// errEnded is a fault of the server's: it is told, and the run goes on.
var errEnded = errors.New("start: a server ended by itself while its database was away")

// crash ends PostgreSQL and starts it again.
func crash(signal syscall.Signal) func(context.Context, *cluster, *rand.Rand, time.Duration) error {
	return func(ctx context.Context, c *cluster, _ *rand.Rand, lasts time.Duration) error {
		nothing := func() error { return nil }
		return crashWhile(ctx, c, signal, func() error { wait(ctx, lasts); return nil }, nothing)
	}
}

// crashWhile ends PostgreSQL, does something, starts it again, and does something else.
func crashWhile(ctx context.Context, c *cluster, signal syscall.Signal, away, back func() error) error {
	if err := c.postgres.Signal(signal); err != nil {
		return err
	}
	err := away()
	if errStart := c.postgres.Start(context.WithoutCancel(ctx)); errStart != nil {
		return errors.Join(err, errStart)
	}
	return errors.Join(err, back())
}

// network has some links, or all, do something else than pass, for so many times as long
// as other faults last.
func network(m faults.Mode, times time.Duration) func(context.Context, *cluster, *rand.Rand, time.Duration) error {
	return func(ctx context.Context, c *cluster, random *rand.Rand, lasts time.Duration) error {
		broken := c.someOf(c.links, random)
		for _, l := range broken {
			l.Set(m)
		}
		wait(ctx, times*lasts)
		for _, l := range broken {
			l.Set(faults.Pass)
		}
		return nil
	}
}

// someOf is one of the links, or each.
func (c *cluster) someOf(links []*faults.Link, random *rand.Rand) []*faults.Link {
	n := random.IntN(len(links) + 1)
	if n < len(links) {
		links = links[n : n+1]
	}
	for _, l := range links {
		c.victims = append(c.victims, l.Name)
	}
	return links
}

// oneOf is one of the servers.
func (c *cluster) oneOf(random *rand.Rand) *server {
	s := c.servers[random.IntN(len(c.servers))]
	c.victims = append(c.victims, s.Name)
	return s
}

// maxStop is how long a server may take to end: what it drains, and the grace for what
// is under way then.
const maxStop = drain + 35*time.Second

// stopServer has a server stop in order, which loses nothing, and starts it again.
func stopServer(signal syscall.Signal) func(context.Context, *cluster, *rand.Rand, time.Duration) error {
	return func(ctx context.Context, c *cluster, random *rand.Rand, _ time.Duration) error {
		s := c.oneOf(random)
		s.Signal(signal)
		var err error
		select {
		case <-s.Ended():
		case <-time.After(maxStop):
			err = fmt.Errorf("%w: %s still runs %s after %s", errStop, s.Name, maxStop, signal)
			s.Killed()
			s.Kill()
			defer s.Alive()
		}
		return errors.Join(err, s.Start(), s.Listens(ctx, s.address))
	}
}

var errStop = errors.New("stop")

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
