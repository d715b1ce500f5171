package http_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestStreamsAreBoundedInAll(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.MaxStreams = 3 })
	var open []*events
	for n := range 3 {
		e := a.stream(fmt.Sprint("user", n), "")
		e.must()
		open = append(open, e)
	}
	for _, user := range []string{"user0", "user3"} {
		reply := a.do(user, "GET", changesOf(user), "", "Accept: text/event-stream").must(t, 503)
		if p := reply.problem(t); p.Type != "/problems/unavailable" || reply.Header.Get("Retry-After") == "" {
			t.Errorf("%+v %v", p, reply.Header)
		}
		a.do(user, "GET", changesOf(user), "").must(t, 200) // the page alone
	}
	open[1].close()
	eventually(t, "there is room again", func() bool {
		e := a.stream("user3", "")
		defer e.close()
		return e.reply.StatusCode == 200
	})
}

// quietStream opens a stream with as little memory of the client as can be: it is in the
// same process.
func quietStream(t *testing.T, a *api, user string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", changesOf(user), token(t, user)); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 2000)
	if n, err := conn.Read(reply); err != nil || !strings.HasPrefix(string(reply[:n]), "HTTP/1.1 200 ") || !strings.Contains(string(reply[:n]), "\nevent: changes\n") {
		t.Fatalf("%q, %v", reply[:n], err)
	}
	return conn
}

// inUse are the bytes of live objects and of stacks. Stacks shrink by half at each
// collection.
func inUse() uint64 {
	for range 6 {
		runtime.GC()
	}
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// TestStreamsTakeLittleMemory does not run in parallel: it measures the whole process.
func TestStreamsTakeLittleMemory(t *testing.T) {
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.LivePoll = time.Hour })
	const streams, most = 300, 32 << 10
	for n := range 20 { // what all share
		defer quietStream(t, a, fmt.Sprint("other", n)).Close()
	}
	before := inUse()
	for n := range streams {
		defer quietStream(t, a, fmt.Sprint("user", n)).Close()
	}
	took := (int64(inUse()) - int64(before)) / streams
	t.Logf("%d bytes a stream", took)
	if took > most {
		t.Errorf("a stream takes %d bytes, more than %d", took, most)
	}
}

func TestStreamsOfAUserAreOneQueryPerPoll(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	a := serveDatabase(t, proxy.URL, func(c *todohttp.Config) { c.LivePoll = 10 * time.Millisecond })
	for range todohttp.MaxStreamsPerUser {
		a.stream(alice, "").must()
	}
	a.stream(bob, "").must()
	// At their first poll streams look for themselves.
	eventually(t, "a user with many streams is asked as often as one with one", func() bool {
		proxy.Naming(alice, bob)
		proxy.Reset()
		eventually(t, "ten polls", func() bool { return proxy.Naming(bob)[0] >= 10 })
		asked := proxy.Naming(alice, bob)
		return asked[0] >= asked[1]-1 && asked[0] <= asked[1]+1
	})
}

// TestStreamWithoutAConnectionOfItsOwnEndsWithWhatThereIs has a protocol that cannot
// hand its connection over, such as HTTP/2.
func TestStreamWithoutAConnectionOfItsOwnEndsWithWhatThereIs(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	request := httptest.NewRequest("GET", changesOf(alice), nil)
	request.Header.Set("Authorization", "Bearer "+token(t, alice))
	request.Header.Set("Accept", "text/event-stream")
	recorder := httptest.NewRecorder()
	a.handler.ServeHTTP(recorder, request)
	body := recorder.Body.String()
	if recorder.Code != 200 || recorder.Header().Get("Content-Type") != "text/event-stream" ||
		!strings.HasPrefix(body, "event: changes\n") || !strings.Contains(body, made.ID) || !strings.Contains(body, "\n\nretry: ") {
		t.Errorf("%d %v %s", recorder.Code, recorder.Header(), body)
	}
}
