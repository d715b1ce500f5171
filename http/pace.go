package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// How slowly a client may read. Small replies are not asked: net/http's WriteTimeout is
// enough for what the kernel takes at once.
const (
	// chunkSize is in bytes, and chunkTimeout is how long a client may take for them. In
	// the kernel they wait behind what it has taken already.
	chunkSize    = 64 << 10
	chunkTimeout = 10 * time.Second
	// minRate is in bytes a second, over the whole reply and behind a chunkTimeout: who
	// reads one byte in time for each deadline is cut too.
	minRate = 16 << 10
	// maxReplyTime is that of the whole reply.
	maxReplyTime = 10 * time.Minute
	// sendBuffer is how many bytes of a reply the kernel takes for a client that does not
	// read them; Linux doubles the number for its own needs. By itself it would take
	// megabytes, which count as the container's memory and say nothing of the client.
	sendBuffer = 128 << 10
)

var errSlowReader = fmt.Errorf("the client read more slowly than %d KiB a second, so its connection was closed", minRate>>10)

// deadliner is a connection, or what net/http has of one.
type deadliner interface {
	io.Writer
	SetWriteDeadline(t time.Time) error
}

// netHTTP is a reply as a deadliner.
type netHTTP struct {
	http.ResponseWriter
	*http.ResponseController
}

// pace writes a reply, with a deadline for each chunk that moves with what the client
// reads.
type pace struct {
	to    deadliner
	begun time.Time
	sent  int
	spent time.Duration // on sending it
}

func newPace(w http.ResponseWriter) *pace {
	return &pace{to: netHTTP{w, http.NewResponseController(w)}}
}

// Write returns errSlowReader where the client is too slow.
func (p *pace) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		var n int
		n, err = p.chunk(b[:min(len(b), chunkSize)])
		written += n
		b = b[n:]
	}
	return written, err
}

func (p *pace) chunk(b []byte) (int, error) {
	now := time.Now()
	if p.begun.IsZero() {
		p.begun = now
	}
	p.sent += len(b)
	inAll := chunkTimeout + time.Duration(p.sent)*time.Second/minRate - p.spent
	deadline := now.Add(min(chunkTimeout, inAll, maxReplyTime-now.Sub(p.begun)))
	if err := p.to.SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := p.to.Write(b)
	p.spent += time.Since(now)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSlowReader
	}
	return n, err
}

// limitSendBuffer is http.Server's ConnContext.
func limitSendBuffer(ctx context.Context, conn net.Conn) context.Context {
	if tcp, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it, more of a slow client is not noticed
	}
	return ctx
}

// abandon closes the connection of a reply that will not be whole. A reset says so to the
// client, in HTTP/1.0 too, and has the kernel drop at once what nobody reads.
func abandon(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}

// reset closes a connection without a word.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
