package http_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// rawConnection sends what no HTTP library would.
type rawConnection struct {
	net.Conn
	t       *testing.T
	replies *bufio.Reader
}

func dialRaw(t *testing.T, url string) *rawConnection {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return &rawConnection{conn, t, bufio.NewReader(conn)}
}

// send returns the reply to a request.
func (c *rawConnection) send(request string) *http.Response {
	c.t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		c.t.Fatal(err)
	}
	reply, err := http.ReadResponse(c.replies, nil)
	if err != nil {
		c.t.Fatalf("%q: %v", request, err)
	}
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		c.t.Fatal(err)
	}
	return reply
}

// TestConnectionIsClosedAfterARequestThatMayBeSmuggled sends a second request behind each.
func TestConnectionIsClosedAfterARequestThatMayBeSmuggled(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const post, body, chunked = "POST /api/alice/tasks HTTP/1.1\r\nHost: x\r\n", `{"title":"a"}`, "d\r\n{\"title\":\"a\"}\r\n0\r\n\r\n"
	authorization := "Authorization: Bearer " + token(t, alice) + "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
		closed  bool
	}{
		"a length":                           {post + authorization + "Content-Length: 13\r\n\r\n" + body, 201, false},
		"chunks":                             {post + authorization + "Transfer-Encoding: chunked\r\n\r\n" + chunked, 201, true},
		"both":                               {post + authorization + "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, 201, true},
		"both, refused":                      {post + "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, 401, true},
		"both, for a path that is none":      {"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, 404, true},
		"HTTP/1.0, chunks":                   {"POST /api/alice/tasks HTTP/1.0\r\nConnection: keep-alive\r\n" + authorization + "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + body, 201, true},
		"a lone LF behind each line":         {strings.ReplaceAll(post+authorization+"Content-Length: 13\r\n\r\n", "\r", "") + body, 201, false},
		"a lone LF in chunks":                {post + authorization + "Transfer-Encoding: chunked\r\n\r\n" + strings.ReplaceAll(chunked, "\r", ""), 400, true},
		"another encoding than chunked":      {post + authorization + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked, 501, true},
		"lengths that differ":                {post + authorization + "Content-Length: 13\r\nContent-Length: 14\r\n\r\n" + body, 400, true},
		"white space before a header's name": {post + " Transfer-Encoding: chunked\r\n" + authorization + "Content-Length: 13\r\n\r\n" + body, 400, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dialRaw(t, a.url)
			reply := conn.send(c.request + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
			if reply.StatusCode != c.status || reply.Close != c.closed {
				t.Errorf("%s, closed %t; want %d, %t", reply.Status, reply.Close, c.status, c.closed)
			}
			next, err := http.ReadResponse(conn.replies, nil)
			switch {
			case c.closed && err == nil:
				t.Errorf("the request behind it was answered: %s", next.Status)
			case !c.closed && (err != nil || next.StatusCode != 200):
				t.Errorf("the request behind it: %v %v", next, err)
			}
		})
	}
}

// TestConnectionIsClosedAfterItsNextReplyOnceTheServerStops has one that is idle at that
// moment, which stays open until then.
func TestConnectionIsClosedAfterItsNextReplyOnceTheServerStops(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.Stop = stop })
	const health, none = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
	idle := map[string]*rawConnection{health: dialRaw(t, a.url), none: dialRaw(t, a.url)}
	for request, conn := range idle {
		if reply := conn.send(request); reply.Close {
			t.Errorf("%q: closed before the stop", request)
		}
	}
	close(stop)
	for request, conn := range idle {
		reply := conn.send(request)
		if _, err := conn.replies.ReadByte(); !reply.Close || err != io.EOF {
			t.Errorf("%q: %v, then %v", request, reply.Header, err)
		}
	}
}
