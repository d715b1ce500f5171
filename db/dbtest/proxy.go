package dbtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a TCP proxy in front of a database that counts round trips: each time
// the client sends again after it has received. It can lose what passes.
type Proxy struct {
	URL string

	mu         sync.Mutex
	roundTrips int
	answered   bool
	naming     map[string]int
	lose       loss
	refuse     int // connections
	*silence
}

type loss int

const (
	loseNothing loss = iota
	loseRequest
	loseAnswer
	loseAnswerNow // its request has passed
)

// LoseRequest breaks the connection on which the next request comes, before it reaches
// the database.
func (p *Proxy) LoseRequest() { p.set(loseRequest) }

// LoseAnswer breaks the connection on which the next request comes, when it has been
// answered, before the answer reaches the client.
func (p *Proxy) LoseAnswer() { p.set(loseAnswer) }

func (p *Proxy) set(lose loss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = lose
}

// Lost reports whether what was to be lost is lost.
func (p *Proxy) Lost() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lose == loseNothing
}

// Refuse refuses the next connections.
func (p *Proxy) Refuse(connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = connections
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse--
	return p.refuse >= 0
}

// NewProxy stands in front of the database until the test ends.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	u, err := url.Parse(pooled(t, databaseURL))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	target := u.Host
	u.Host = listener.Addr().String()
	p := &Proxy{URL: u.String(), answered: true, silence: newSilence(t)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if p.refuses() {
				_ = client.Close()
				continue
			}
			frozen, isStalled := p.meet()
			if isStalled {
				go p.hold(client)
				continue
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.pass(client, server, frozen, p.sent)
			go p.pass(server, client, frozen, p.received)
		}
	}()
	return p
}

// Reset starts the count anew.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roundTrips, p.answered = 0, true
	for text := range p.naming {
		p.naming[text] = 0
	}
}

// Naming returns how many times the client sent something with each of these texts in it
// since the last Reset. It counts from its first call on.
func (p *Proxy) Naming(texts ...string) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.naming == nil {
		p.naming = map[string]int{}
	}
	counts := make([]int, len(texts))
	for i, text := range texts {
		p.naming[text] += 0
		counts[i] = p.naming[text]
	}
	return counts
}

// RoundTrips returns the count since the last Reset.
func (p *Proxy) RoundTrips() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roundTrips
}

// sent reports whether a request passes. That the pool asks whether a connection still
// works is none.
func (p *Proxy) sent(request []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for text := range p.naming {
		if bytes.Contains(request, []byte(text)) {
			p.naming[text]++
		}
	}
	if p.answered {
		p.roundTrips++
	}
	p.answered = false
	if bytes.Contains(request, []byte("-- ping")) {
		return true
	}
	switch p.lose {
	case loseRequest:
		p.lose = loseNothing
		return false
	case loseAnswer:
		p.lose = loseAnswerNow
	}
	return true
}

// received reports whether an answer passes.
func (p *Proxy) received([]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = true
	if p.lose == loseAnswerNow {
		p.lose = loseNothing
		return false
	}
	return true
}

func (p *Proxy) pass(from, to net.Conn, frozen chan struct{}, passes func([]byte) bool) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if isClosed(frozen) {
			p.hold(from)
			return
		}
		if n > 0 {
			if !passes(buffer[:n]) {
				_ = from.Close()
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}
