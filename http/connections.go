package http

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// Connections bounds how many clients are connected to a server at once. Where one more
// comes, the connection on which no request has been in progress for longest is closed,
// so clients that are idle keep nobody out. Where a request or a stream is in progress on
// each, the new one waits.
//
// How many of them are one client's is not bounded: behind a proxy all come from the same
// address, and a proxy bounds that by itself.
type Connections struct {
	max int

	mu sync.Mutex
	// open are the connections: first those without a request, the longest idle ahead,
	// then divider, then those with one.
	open    *list.List
	divider *list.Element
	freed   chan struct{} // there may be room
}

// NewConnections returns room for so many connections.
func NewConnections(most int) *Connections {
	c := &Connections{max: most, open: list.New(), freed: make(chan struct{}, 1)}
	c.divider = c.open.PushBack(nil)
	return c
}

// Count returns how many connections are open, streams included, and how many may be.
func (c *Connections) Count() (open, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open.Len() - 1, c.max
}

// Serve has a server accept its connections here. It returns what http.Server's Serve does.
func (c *Connections) Serve(server *http.Server, listener *net.TCPListener) error {
	server.ConnState = c.track
	return server.Serve(&boundedListener{TCPListener: listener, connections: c, closed: make(chan struct{})})
}

// Close closes all open connections, those of streams included, whatever happens there.
func (c *Connections) Close() {
	c.mu.Lock()
	var open []*connection
	for e := c.open.Front(); e != nil; e = e.Next() {
		if e != c.divider {
			open = append(open, e.Value.(*connection))
		}
	}
	c.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
}

// track is the server's ConnState.
func (c *Connections) track(accepted net.Conn, state http.ConnState) {
	conn := accepted.(*connection)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case conn.element == nil: // closed meanwhile
	case state == http.StateActive:
		c.open.MoveToBack(conn.element)
	case state == http.StateIdle:
		c.open.MoveBefore(conn.element, c.divider)
		c.wake()
	}
}

// add returns the connection if there is room for it, else the one to close, which is nil
// where there is a request on each.
func (c *Connections) add(accepted *net.TCPConn) (conn, idle *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open.Len()-1 < c.max {
		conn = &connection{TCPConn: accepted, connections: c}
		conn.element = c.open.InsertBefore(conn, c.divider)
		return conn, nil
	}
	idle, _ = c.open.Front().Value.(*connection)
	return nil, idle
}

func (c *Connections) remove(conn *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn.element != nil {
		c.open.Remove(conn.element)
		conn.element = nil
		c.wake()
	}
}

func (c *Connections) wake() {
	select {
	case c.freed <- struct{}{}:
	default:
	}
}

// connection is one of Connections until it is closed, by whomever: net/http does not know
// any more of one that it handed over to a stream.
type connection struct {
	*net.TCPConn
	connections *Connections
	element     *list.Element // nil when it is closed
}

func (c *connection) Close() error {
	err := c.TCPConn.Close()
	c.connections.remove(c)
	return err
}

type boundedListener struct {
	*net.TCPListener
	connections *Connections
	closing     sync.Once
	closed      chan struct{}
}

// Accept makes room for a connection when there is one, not before.
func (l *boundedListener) Accept() (net.Conn, error) {
	accepted, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	for {
		conn, idle := l.connections.add(accepted)
		switch {
		case conn != nil:
			return conn, nil
		case idle != nil:
			_ = idle.Close()
			continue
		}
		select {
		case <-l.connections.freed:
		case <-l.closed:
			_ = accepted.Close()
			return nil, net.ErrClosed
		}
	}
}

func (l *boundedListener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}
