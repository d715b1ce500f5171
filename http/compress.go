package http

import (
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// minCompressed is the size in bytes from which lists, changes and exports are
// compressed. BREACH does not reach them: it needs an attacker's page that makes a
// browser ask, and a browser has no credentials of this API to add to what it asks.
const minCompressed = 4 << 10

// compressors are used again, because each holds 0.8 MB. At this level a page of 1,000
// tasks, 335 KB, becomes 55 KB; at the default level 51 KB, in three times the time.
var compressors = sync.Pool{New: func() any {
	compressor, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // there is no such level
	}
	return compressor
}}

func newCompressor(w io.Writer) *gzip.Writer {
	compressor := compressors.Get().(*gzip.Writer)
	compressor.Reset(w)
	return compressor
}

func putCompressor(compressor *gzip.Writer) {
	compressor.Reset(nil) // keeps no reply
	compressors.Put(compressor)
}

// compressed returns what e holds, compressed, and releases e. All is compressed before
// anything is written: a slow client holds no compressor, and the length is known, to HEAD
// too.
func compressed(e *encoder) *encoder {
	defer e.release()
	out := newEncoder()
	compressor := newCompressor(out)
	_, _ = compressor.Write(e.buf) // a buffer takes all
	_ = compressor.Close()
	putCompressor(compressor)
	return out
}

// compression compresses a stream from its first piece on, unless that is short: then it
// is the last one too.
type compression struct {
	io.Writer
	header     http.Header
	accepted   bool // by the client; false once the first piece is written
	compressor *gzip.Writer
}

func (c *compression) Write(p []byte) (int, error) {
	if c.accepted && len(p) >= minCompressed {
		c.header.Set("Content-Encoding", "gzip")
		c.compressor = newCompressor(c.Writer)
	}
	c.accepted = false
	if c.compressor != nil {
		return c.compressor.Write(p)
	}
	return c.Writer.Write(p)
}

// finish ends a stream that is whole.
func (c *compression) finish() error {
	if c.compressor == nil {
		return nil
	}
	return c.compressor.Close()
}

// release is called last, after a stream that was cut off too.
func (c *compression) release() {
	if c.compressor != nil {
		putCompressor(c.compressor)
	}
}
