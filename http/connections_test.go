package http_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	todohttp "github.com/securetodo/securetodo/http"
)

const getNothing = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// bounded serves a handler to so many connections at most.
func bounded(t *testing.T, most int, handler http.HandlerFunc) (*todohttp.Connections, *http.Server, string) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c, server := todohttp.NewConnections(most), todohttp.NewServer(handler, slog.New(slog.DiscardHandler))
	go func() { _ = c.Serve(server, listener) }()
	t.Cleanup(func() { _ = server.Close(); c.Close() })
	return c, server, listener.Addr().String()
}

func mustBeClosed(t *testing.T, conn *rawConnection) {
	t.Helper()
	if b, err := conn.replies.ReadByte(); err == nil {
		t.Fatalf("it is open, and sends %q", b)
	}
}

// TestConnectionsThatAreIdleMakeRoomForNewOnes has some that never sent a request, some
// that wait for their next one, and one whose reply is not done.
func TestConnectionsThatAreIdleMakeRoomForNewOnes(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c, _, address := bounded(t, 4, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_ = http.NewResponseController(w).Flush()
			<-release
		}
	})
	slow := dialRaw(t, address)
	if _, err := io.WriteString(slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(slow.replies, nil)
	if err != nil {
		t.Fatal(err)
	}
	silent, first, second := dialRaw(t, address), dialRaw(t, address), dialRaw(t, address)
	first.send(getNothing)
	second.send(getNothing)
	if open, most := c.Count(); open != 4 || most != 4 {
		t.Fatalf("%d of %d are open", open, most)
	}
	dialRaw(t, address).send(getNothing)
	mustBeClosed(t, silent) // for the longest time
	for range 100 {
		dialRaw(t, address).send(getNothing)
	}
	mustBeClosed(t, first)
	mustBeClosed(t, second)
	close(release)
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		t.Errorf("the request in progress: %v", err)
	}
	slow.send(getNothing)
}

// TestConnectionsWaitWhereARequestIsInProgressOnEach counts those that the server handed
// over, too.
func TestConnectionsWaitWhereARequestIsInProgressOnEach(t *testing.T) {
	t.Parallel()
	handed := make(chan net.Conn, 2)
	c, _, address := bounded(t, 2, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			handed <- conn
		}
	})
	for range 2 {
		dialRaw(t, address).send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	waiting := dialRaw(t, address)
	if _, err := io.WriteString(waiting, getNothing); err != nil {
		t.Fatal(err)
	}
	_ = waiting.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := waiting.replies.Peek(1); err == nil {
		t.Fatal("a third connection is served")
	}
	_ = waiting.SetReadDeadline(time.Now().Add(time.Minute))
	_ = (<-handed).Close()
	if reply, err := http.ReadResponse(waiting.replies, nil); err != nil || reply.StatusCode != 200 {
		t.Errorf("when there is room: %v %v", reply, err)
	}
	c.Close()
	mustBeClosed(t, waiting)
	if _, err := (<-handed).Read(make([]byte, 1)); err == nil {
		t.Error("a connection that was handed over is open")
	}
	if open, _ := c.Count(); open != 0 {
		t.Errorf("%d are open", open)
	}
}

func TestConnectionsThatWaitAreClosedWhenTheServerStops(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{})
	_, server, address := bounded(t, 1, func(http.ResponseWriter, *http.Request) { close(begun); <-release })
	busy := dialRaw(t, address)
	if _, err := io.WriteString(busy, getNothing); err != nil {
		t.Fatal(err)
	}
	<-begun
	waiting := dialRaw(t, address)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(t.Context()) }()
	mustBeClosed(t, waiting)
	close(release)
	if reply, err := http.ReadResponse(bufio.NewReader(busy), nil); err != nil || reply.StatusCode != 200 {
		t.Errorf("the request in progress: %v %v", reply, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
