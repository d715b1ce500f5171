package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
)

// openedStream is an open stream of changes.
type openedStream struct {
	conn   net.Conn
	reply  *http.Response
	events *bufio.Reader
}

// next returns the lines of the next event, or why there is none.
func (s openedStream) next() (event string, err error) {
	for !strings.HasSuffix(event, "\n\n") {
		line, err := s.events.ReadString('\n')
		if event += line; err != nil {
			return event, err
		}
	}
	return event, nil
}

// openStreams opens so many streams of users with a name and a number, each of whom has
// some of them, and returns when all have told their first page.
func openStreams(t *testing.T, address, name string, count, each int) []openedStream {
	t.Helper()
	streams := make([]openedStream, count)
	next := make(chan int)
	var opening sync.WaitGroup
	for range 8 {
		opening.Go(func() {
			for n := range next {
				if err := streams[n].open(address, fmt.Sprint(name, n/each)); err != nil {
					t.Errorf("stream %d: %v", n, err)
				}
			}
		})
	}
	for n := range streams {
		next <- n
	}
	close(next)
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() {
		for _, s := range streams {
			if s.conn != nil {
				_ = s.conn.Close()
			}
		}
	})
	return streams
}

// ends reads streams to their ends, and returns how long each is told to wait before it
// comes back.
func ends(t *testing.T, streams []openedStream) (waits []time.Duration) {
	t.Helper()
	for n, s := range streams {
		retry := ""
		for {
			event, err := s.next()
			if value, ok := strings.CutPrefix(event, "retry: "); ok {
				retry = strings.TrimSpace(value)
			}
			if err != nil {
				if err != io.EOF {
					t.Errorf("stream %d: %v", n, err)
				}
				break
			}
		}
		milliseconds, err := strconv.Atoi(retry)
		if err != nil {
			t.Errorf("stream %d ended with retry %q", n, retry)
		}
		waits = append(waits, time.Duration(milliseconds)*time.Millisecond)
	}
	slices.Sort(waits)
	return waits
}

// TestServeEndsItsStreamsWhenStopped tells each client when to come back, all of them at
// other moments, and then the program ends.
func TestServeEndsItsStreamsWhenStopped(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner)))
			streams := openStreams(t, address, "user", 200, 20)
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			waits := ends(t, streams)
			// Of 200 moments within ten seconds.
			if first, middle, last := waits[0], waits[100], waits[199]; first < 500*time.Millisecond || first > 3*time.Second || middle < 3*time.Second || middle > 8*time.Second || last < 8*time.Second || last > 11*time.Second {
				t.Errorf("they come back after %s to %s, half of them after %s", first, last, middle)
			}
			if err := p.wait(t); err != nil {
				t.Errorf("serve ended with %v: %s", err, p.log)
			}
			if n := strings.Count(p.log.String(), `"reason":"the server stops"`); n != len(streams) {
				t.Errorf("the log has the end of %d streams: %s", n, p.log)
			}
		})
	}
}

func (s *openedStream) open(address, user string) error {
	token, err := auth.SignHS256([]byte(testSecret), auth.Policy{}, auth.Identity{UserID: user}, time.Hour)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("GET", "http://"+address+"/api/"+user+"/changes", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "text/event-stream")
	if s.conn, err = net.Dial("tcp", address); err != nil {
		return err
	}
	if err := s.conn.SetDeadline(time.Now().Add(10 * time.Minute)); err != nil {
		return err
	}
	if err := request.Write(s.conn); err != nil {
		return err
	}
	if s.reply, err = http.ReadResponse(bufio.NewReader(s.conn), request); err != nil {
		return err
	}
	if s.reply.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(s.reply.Body)
		return fmt.Errorf("%s: %s", s.reply.Status, body)
	}
	s.events = bufio.NewReader(s.reply.Body)
	_, err = s.next()
	return err
}
