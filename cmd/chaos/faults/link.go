//go:build unix

// Package faults is what can be broken: connections, PostgreSQL, PgBouncer and the
// servers, and how to mend each.
package faults

import (
	"net"
	"sync"
	"time"
)

// Mode is what a link does with what passes.
type Mode int

const (
	Pass Mode = iota
	// Silent takes everything and lets nothing through until it passes again: then comes
	// what it held.
	Silent
	// Cut resets every connection, and refuses new ones.
	Cut
	// Slow delays what passes.
	Slow
)

// delay is that of a slow link, in each direction.
const delay = 50 * time.Millisecond

// Link is a network between a client and a database: a TCP proxy whose address stays
// when that of its target changes.
type Link struct {
	Name    string
	Address string

	listener net.Listener

	mu      sync.Mutex
	target  string
	mode    Mode
	changed chan struct{} // closed when the mode changes
	pairs   map[*pair]bool
}

// pair is a connection through a link.
type pair struct {
	client, server net.Conn
	dead           chan struct{} // closed when nothing passes any more
}

// NewLink listens on a port of the loopback interface.
func NewLink(name, target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{Name: name, Address: listener.Addr().String(), listener: listener, target: target, changed: make(chan struct{}), pairs: map[*pair]bool{}}
	go l.accept()
	return l, nil
}

// Close ends the link and every connection.
func (l *Link) Close() {
	_ = l.listener.Close()
	l.Set(Cut)
}

// SetTarget says where new connections go.
func (l *Link) SetTarget(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

// Set changes what the link does.
func (l *Link) Set(m Mode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = m
	close(l.changed)
	l.changed = make(chan struct{})
	if m == Cut {
		for p := range l.pairs {
			p.reset()
		}
	}
}

// Forget has the connections of now die silently: nothing passes on them, and neither end
// is told. That is how a NAT forgets, or a failover behind an address. New ones pass.
func (l *Link) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pairs {
		close(p.dead)
		delete(l.pairs, p)
	}
}

// state is the mode, and what is closed when it changes.
func (l *Link) state() (m Mode, changed <-chan struct{}, target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode, l.changed, l.target
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.connect(client)
	}
}

func (l *Link) connect(client net.Conn) {
	p := &pair{client: client, dead: make(chan struct{})}
	if !l.gate(p) {
		p.reset()
		return
	}
	_, _, target := l.state()
	server, err := net.Dial("tcp", target)
	if err != nil {
		p.reset()
		return
	}
	p.server = server
	l.mu.Lock()
	if l.mode == Cut {
		l.mu.Unlock()
		p.reset()
		return
	}
	l.pairs[p] = true
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.pass(p, client, server) })
	both.Go(func() { l.pass(p, server, client) })
	both.Wait()
	l.mu.Lock()
	delete(l.pairs, p)
	l.mu.Unlock()
	p.close()
}

// gate waits while the link is silent, and reports whether anything may pass then.
func (l *Link) gate(p *pair) bool {
	for {
		mode, changed, _ := l.state()
		switch mode {
		case Pass:
		case Slow:
			time.Sleep(delay)
		case Cut:
			return false
		case Silent:
			select {
			case <-changed:
				continue
			case <-p.dead:
			}
		}
		return true
	}
}

// pass copies one direction until it ends.
func (l *Link) pass(p *pair, from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !l.gate(p) {
			return
		}
		select {
		case <-p.dead:
			// Nobody tells the other end, not even that this one has left.
			if err != nil {
				return
			}
			continue
		default:
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				p.reset()
				return
			}
		}
		if err != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// reset ends both ends with a RST.
func (p *pair) reset() {
	for _, conn := range []net.Conn{p.client, p.server} {
		if conn != nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
}

func (p *pair) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}
