package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"
)

// commentEvery is how often a stream says that it is there, so that proxies do not end
// it and a connection that is gone is noticed.
const commentEvery = 15 * time.Second

// stream is a reply that tells what changes until the token expires, the server stops or
// the client leaves. Its connection is not net/http's any more, which would keep its
// buffers, the request and a deep stack: three quarters of the memory. While it waits it
// holds no connection to the database either.
type stream struct {
	conn    net.Conn
	wake    <-chan struct{}
	stop    <-chan struct{}
	expires time.Time

	about []slog.Attr // the request, for the log
	bytes int

	user   string
	cursor changesCursor
	limit  int
	more   bool // the next page is there already

	begin []byte // the headers and the first event, until they are written
	room  room   // of the event that is being written
}

// streamEnd is why a stream ends, and how long at most its client waits before it comes
// back.
type streamEnd struct {
	reason string
	within time.Duration
}

var (
	endLeft    = streamEnd{"the client left", time.Second}
	endExpired = streamEnd{"the token expired", time.Second}
	endFailed  = streamEnd{"the changes could not be read", 5 * time.Second}
	endStopped = streamEnd{"the server stops", 10 * time.Second}
)

// retry tells a client to come back, at a moment of its own: a server that stops sends
// thousands away at once.
func (e streamEnd) retry() []byte {
	return fmt.Appendf(nil, "retry: %d\n\n", 500+rand.Int64N(e.within.Milliseconds()))
}

// run writes how the reply begins, then what changes, and logs how it ended.
func (s *server) run(out *stream) {
	start := time.Now()
	defer out.conn.Close()
	defer func() { out.room.release() }()
	defer func() {
		if cause := recover(); cause != nil {
			logPanic(s.config.Log, cause, out.about...)
		}
	}()
	end, err := s.follow(out)
	if end == endLeft {
		reset(out.conn) // the kernel may hold what it does not read
	} else {
		_ = out.write(end.retry())
	}
	attrs := append(out.about, slog.Int("bytes", out.bytes), slog.Float64("duration_ms", milliseconds(time.Since(start))), slog.String("reason", end.reason))
	if err != nil {
		attrs = append(attrs, errorAttrs(err)...)
	}
	s.config.Log.LogAttrs(context.Background(), slog.LevelInfo, "stream", attrs...)
}

var always = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// follow returns why the stream ends, and an error that the client did not cause.
func (s *server) follow(out *stream) (streamEnd, error) {
	comment, expiry := time.NewTicker(commentEvery), time.NewTimer(time.Until(out.expires))
	defer comment.Stop()
	defer expiry.Stop()
	left := make(chan struct{})
	go out.watch(left)
	err := out.write(out.begin)
	out.begin = nil
	for err == nil {
		var more <-chan struct{}
		if out.more {
			more = always
		}
		select {
		case <-more:
			err = s.tell(out)
		case <-out.wake:
			err = s.tell(out)
		case <-comment.C:
			err = out.write([]byte(":\n\n"))
		case <-expiry.C:
			return endExpired, nil
		case <-out.stop:
			return endStopped, nil
		case <-left:
			return endLeft, nil
		}
	}
	if errors.Is(err, errLeft) {
		return endLeft, nil
	}
	// The client comes back with the last cursor, and is told then.
	return endFailed, err
}

// tell writes the next page if anything changed.
func (s *server) tell(out *stream) error {
	page, cursor, err := s.changesSince(context.Background(), out.user, out.cursor, out.limit)
	if err != nil {
		return err
	}
	out.cursor, out.more = cursor, page.more
	if len(page.tasks)+len(page.deleted) == 0 {
		return nil
	}
	e := newEncoder()
	defer e.release()
	if err := e.event(&page); err != nil {
		return err
	}
	if out.room, err = s.replies.take(out.user, cap(e.buf)); err != nil {
		return err
	}
	return out.write(e.buf)
}

// errLeft is a client that is gone, or does not read.
var errLeft = errors.New("the client left")

// write gives each event a time of its own, and its room back.
func (out *stream) write(event []byte) error {
	n, err := (&pace{to: out.conn}).Write(event)
	out.room.release()
	out.room = room{}
	if out.bytes += n; err != nil {
		return errLeft
	}
	return nil
}

// watch closes left when the client closes the connection. What it sends is ignored.
func (out *stream) watch(left chan<- struct{}) {
	defer close(left)
	for ignored := make([]byte, 64); ; {
		if _, err := out.conn.Read(ignored); err != nil {
			return
		}
	}
}
