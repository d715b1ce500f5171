package http_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	todohttp "github.com/securetodo/securetodo/http"
)

// TestPaceCutsSlowReaders has clients that read so many bytes, and wait before the next, by
// a clock of their own.
func TestPaceCutsSlowReaders(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]struct {
		reply int
		reads int           // bytes at once
		waits time.Duration // behind each
		cut   time.Duration // when, 0 for never
	}{
		"reads nothing":              {1 << 20, 1, time.Hour, 10 * time.Second},
		"trickles":                   {1 << 20, 100, time.Second, 10 * time.Second},
		"in time for each chunk":     {1 << 20, 64 << 10, 9 * time.Second, 22 * time.Second},
		"a little above the rate":    {1 << 20, 17 << 10, time.Second, 0},
		"stalls once":                {1 << 20, 512 << 10, 9 * time.Second, 0},
		"a little, slowly":           {60 << 10, 7 << 10, time.Second, 0},
		"as slowly for ever":         {32 << 20, 17 << 10, time.Second, 10 * time.Minute},
		"all of much, fast":          {32 << 20, 1 << 20, time.Second, 0},
		"begins well and then stops": {4 << 20, 2 << 20, time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, reader := net.Pipe()
				done := make(chan struct{})
				go func() {
					defer close(done)
					for {
						if _, err := io.CopyN(io.Discard, reader, int64(client.reads)); err != nil {
							return
						}
						time.Sleep(client.waits)
					}
				}()
				begin := time.Now()
				n, err := todohttp.PaceTo(server).Write(make([]byte, client.reply))
				took := time.Since(begin)
				_, _ = server.Close(), reader.Close()
				<-done
				if client.cut == 0 && (err != nil || n != client.reply) {
					t.Errorf("after %s and %d bytes: %v", took, n, err)
				}
				if client.cut != 0 && (!errors.Is(err, todohttp.ErrSlowReader) || took < client.cut-5*time.Second || took > client.cut+5*time.Second) {
					t.Errorf("cut after %s and %d bytes, want %s: %v", took, n, client.cut, err)
				}
			})
		})
	}
}
