package workload

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Server is one that clients send requests to.
type Server struct {
	Name string
	URL  string // http://127.0.0.1:port
	// Ready is the URL of its /readyz. Without one it counts as ready.
	Ready string

	mu      sync.Mutex
	health  health
	windows []window
}

// window is a time in which a server may lose connections. Its end is zero while it may.
type window struct{ begin, end time.Time }

type health int

const (
	gone health = iota
	unready
	ready
)

// probeEvery is how often a balancer looks.
const probeEvery = 100 * time.Millisecond

// Killed says that the server may lose connections from now on, and Alive that it no
// longer may.
func (s *Server) Killed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows = append(s.windows, window{begin: time.Now()})
}

// Alive ends what Killed began.
func (s *Server) Alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows[len(s.windows)-1].end = time.Now()
}

// begin is when a request to a server begins, and what a balancer knows of it then.
type begin struct {
	at     time.Time
	health health
}

func (s *Server) begin() begin { return begin{time.Now(), s.state()} }

// mayLose reports whether a request that began so may have ended so by now: in a time in
// which the server may lose connections, or refused by one that was known not to be ready,
// where none was.
func (s *Server) mayLose(b begin, o outcome) bool {
	return b.health != ready && o.refused || s.wasKilled(b.at, time.Now())
}

func (s *Server) wasKilled(begin, end time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.windows {
		if end.After(w.begin) && (w.end.IsZero() || begin.Before(w.end)) {
			return true
		}
	}
	return false
}

func (s *Server) state() health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

func (s *Server) set(h health) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = h
}

// probe asks /readyz, as a balancer does, until ctx ends.
func (s *Server) probe(ctx context.Context) {
	if s.Ready == "" {
		s.set(ready)
		return
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for ctx.Err() == nil {
		s.set(probe(ctx, client, s.Ready))
		pause(ctx, probeEvery)
	}
}

func probe(ctx context.Context, client *http.Client, url string) health {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return gone
	}
	reply, err := client.Do(request)
	if err != nil {
		return gone
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	if reply.StatusCode == http.StatusOK {
		return ready
	}
	return unready
}

// pick chooses among the servers that are in the best state of all, at random.
func pick(servers []*Server, random *rand.Rand) *Server {
	best := gone
	var among []*Server
	for _, s := range servers {
		switch h := s.state(); {
		case h > best || len(among) == 0:
			best, among = h, []*Server{s}
		case h == best:
			among = append(among, s)
		}
	}
	return among[random.IntN(len(among))]
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
