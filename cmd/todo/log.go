package main

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxQueuedLog is how many bytes of lines wait to be written, about 7,000 requests.
	maxQueuedLog = 2 << 20
	// logPause is between two writes: what is logged meanwhile goes out in one.
	logPause = 5 * time.Millisecond
	// logTimeout is how long the end of the program waits for the last lines.
	logTimeout = time.Second
)

// logQueue writes lines beside the program: a Write only takes a line in, so that no
// request waits for whoever reads the log. Lines for which there is no room are dropped,
// as are those that cannot be written, and a line says how many when it can.
type logQueue struct {
	out    io.Writer
	wake   chan struct{} // there may be lines
	ending chan struct{} // closed by close
	ended  chan struct{} // closed when the last line is written
	lost   atomic.Int64  // all lines that were dropped, ever

	mu      sync.Mutex
	lines   []byte // at most maxQueuedLog
	dropped int    // since the line that says so
}

func newLogQueue(out io.Writer) *logQueue {
	q := &logQueue{out: out, wake: make(chan struct{}, 1), ending: make(chan struct{}), ended: make(chan struct{})}
	go q.run()
	return q
}

// Write takes a line in. It never fails.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if len(q.lines)+len(line) <= maxQueuedLog {
		q.lines = append(q.lines, line...)
	} else {
		q.dropped++
		q.lost.Add(1)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// close returns when all lines are written, or nobody has read them for logTimeout.
func (q *logQueue) close() {
	close(q.ending)
	select {
	case <-q.ended:
	case <-time.After(logTimeout):
	}
}

func (q *logQueue) run() {
	defer close(q.ended)
	var written []byte // the buffer of the lines before, to be used again
	for {
		select {
		case <-q.wake:
			written = q.flush(written)
		case <-q.ending:
			q.flush(written)
			return
		}
		select {
		case <-time.After(logPause):
		case <-q.ending:
		}
	}
}

// flush writes the lines that wait, and collects new ones in another buffer meanwhile.
func (q *logQueue) flush(other []byte) []byte {
	if cap(other) > 64<<10 {
		other = nil // it was an exception
	}
	q.mu.Lock()
	lines, dropped := q.lines, q.dropped
	q.lines, q.dropped = other[:0], 0
	q.mu.Unlock()
	size := len(lines)
	if dropped > 0 {
		lines = appendDropped(lines, dropped)
	}
	if len(lines) == 0 {
		return lines
	}
	if n, err := q.out.Write(lines); err != nil {
		lost := bytes.Count(lines[min(n, size):size], []byte("\n"))
		q.lost.Add(int64(lost))
		q.mu.Lock()
		q.dropped += dropped + lost
		q.mu.Unlock()
	}
	return lines
}

func appendDropped(lines []byte, count int) []byte {
	b := bytes.NewBuffer(lines)
	slog.New(slog.NewJSONHandler(b, nil)).Warn("log lines dropped", "count", count)
	return b.Bytes()
}
