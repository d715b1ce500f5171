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
// the client sends again after it has received.
type Proxy struct {
	URL string

	mu         sync.Mutex
	roundTrips int
	answered   bool
	naming     map[string]int
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
	p := &Proxy{URL: u.String(), answered: true}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.pass(client, server, p.sent)
			go p.pass(server, client, p.received)
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

func (p *Proxy) sent(message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for text := range p.naming {
		if bytes.Contains(message, []byte(text)) {
			p.naming[text]++
		}
	}
	if p.answered {
		p.roundTrips++
	}
	p.answered = false
}

func (p *Proxy) received([]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = true
}

func (p *Proxy) pass(from, to net.Conn, seen func([]byte)) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			seen(buffer[:n])
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
