//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/workload"
)

const (
	// longest is how long a fault lasts at most, of those that last as long as one likes.
	longest = 4 * time.Second
	// calm is the time between two faults, without which nothing would be in flight.
	calm = time.Second
	// giveUp is how long to wait for what must be normal again long before.
	giveUp = 60 * time.Second
)

// injected is what was seen of the faults of one kind.
type injected struct {
	count int
	worst time.Duration // from the end of a fault until all is normal again
}

// schedule injects faults one after another, each kind once before any comes twice.
type schedule struct {
	cluster *cluster
	load    *workload.Load
	kinds   []kind
	random  *rand.Rand
	within  time.Duration // in which all must be normal again
	out     io.Writer
	start   time.Time

	injected map[string]*injected
}

// run injects faults until ctx ends, and returns when all is normal. The error is one of
// this program, not of what it tries.
func (s *schedule) run(ctx context.Context) error {
	s.injected = map[string]*injected{}
	if took := s.load.Normal(s.within/3, giveUp); took >= giveUp {
		return errors.New("the servers do not answer although nothing is broken")
	}
	if len(s.kinds) == 0 {
		<-ctx.Done()
		return nil
	}
	for {
		for _, n := range s.random.Perm(len(s.kinds)) {
			lasts := longest/4 + time.Duration(s.random.Int64N(int64(longest*3/4)))
			if wait(ctx, calm); ctx.Err() != nil {
				return nil
			}
			if err := s.inject(ctx, s.kinds[n], lasts); err != nil {
				return err
			}
		}
	}
}

func (s *schedule) inject(ctx context.Context, k kind, lasts time.Duration) error {
	begin := time.Now()
	s.cluster.victims = nil
	err := k.inject(ctx, s.cluster, s.random, lasts)
	if errors.Is(err, errEnded) || errors.Is(err, errStop) {
		s.load.Violate(err)
		err = nil
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	ended := time.Now()
	normal := s.load.Normal(s.within/3, giveUp)
	for _, server := range s.cluster.servers {
		if server.HasEnded() {
			s.load.Violate(fmt.Errorf("end: server %s ended by itself after %s", server.Name, k.name))
			server.Killed()
			if err := errors.Join(server.Start(), server.Listens(ctx, server.address)); err != nil {
				return err
			}
			server.Alive()
		}
	}
	if s.injected[k.name] == nil {
		s.injected[k.name] = &injected{}
	}
	seen := s.injected[k.name]
	seen.count++
	seen.worst = max(seen.worst, normal)
	fmt.Fprintf(s.out, "%7.1fs  %-18s %5.1f s, normal after %5.2f s  %s\n", begin.Sub(s.start).Seconds(), k.name, ended.Sub(begin).Seconds(), normal.Seconds(), strings.Join(s.cluster.victims, ", "))
	if normal > s.within {
		s.load.Violate(fmt.Errorf("recovery: %.1f s after the end of %s until all was normal, more than %s", normal.Seconds(), k.name, s.within))
	}
	return nil
}
