package dbtest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// silence is what a Proxy does of a network that loses what is sent and says nothing: no
// connection is closed, and all that is sent is acknowledged.
type silence struct {
	mu     sync.Mutex
	stalls bool
	// held are the connections that nobody answers, and mostHeld is how many there were at
	// once.
	held, mostHeld int
	frozen         chan struct{} // closed for the connections that are
	ended          chan struct{} // closed when the test ends
}

func newSilence(t testing.TB) *silence {
	s := &silence{frozen: make(chan struct{}), ended: make(chan struct{})}
	t.Cleanup(func() { close(s.ended) })
	return s
}

// Freeze lets nothing pass on the connections that there are. New ones work.
func (s *silence) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.frozen)
	s.frozen = make(chan struct{})
}

// Stall has new connections be accepted and never answered, until it is called with
// false. Those that it met stay as they are.
func (s *silence) Stall(stalls bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalls = stalls
}

func (s *silence) meet() (frozen chan struct{}, isStalled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frozen, s.stalls
}

// MostStalled returns how many connections that Stall met were open at once.
func (s *silence) MostStalled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mostHeld
}

// hold keeps a connection open until its client closes it, or the test ends.
func (s *silence) hold(conn net.Conn) {
	s.count(1)
	defer s.count(-1)
	left := make(chan struct{})
	go func() {
		defer close(left)
		_, _ = io.Copy(io.Discard, conn)
	}()
	select {
	case <-left:
	case <-s.ended:
	}
	_ = conn.Close()
}

func (s *silence) count(more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held += more
	s.mostHeld = max(s.mostHeld, s.held)
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
