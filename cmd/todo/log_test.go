package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
)

func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close(); _ = writer.Close() })
	return reader, writer
}

// TestLogIsWrittenInOrderAndWhole ends a program right after its last line.
func TestLogIsWrittenInOrderAndWhole(t *testing.T) {
	t.Parallel()
	const lines = 5000
	out := &output{}
	q := newLogQueue(out)
	var want strings.Builder
	for n := range lines {
		line := fmt.Sprintf("%d %s\n", n, strings.Repeat("x", n%200))
		want.WriteString(line)
		fmt.Fprint(q, line)
	}
	q.close()
	if got := out.String(); got != want.String() {
		t.Errorf("%d bytes of %d", len(got), want.Len())
	}
}

// TestLogThatNobodyReadsCountsWhatItDrops writes much more than a pipe and the queue hold.
func TestLogThatNobodyReadsCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	const lines = 10_000
	reader, writer := pipe(t)
	q := newLogQueue(writer)
	for n := range lines {
		fmt.Fprintf(q, `{"n":%d,"filler":%q}`+"\n", n, strings.Repeat("x", 1000))
	}
	go func() { q.close(); _ = writer.Close() }()
	read, dropped, next := 0, 0, 0
	for scanner := bufio.NewScanner(reader); scanner.Scan(); {
		var line struct {
			N     int
			Msg   string
			Count int
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", scanner.Bytes(), err)
		}
		if line.Msg == "log lines dropped" {
			dropped += line.Count
			continue
		}
		if line.N < next {
			t.Fatalf("line %d after line %d", line.N, next-1)
		}
		read, next = read+1, line.N+1
	}
	if dropped == 0 || read+dropped != lines || q.lost.Load() != int64(dropped) {
		t.Errorf("%d lines read and %d dropped of %d; %d are counted", read, dropped, lines, q.lost.Load())
	}
}

// failing is a file on a disk that is full now and then.
type failing struct {
	output
	fails bool
}

func (f *failing) Write(p []byte) (int, error) {
	if f.fails {
		return 0, syscall.ENOSPC
	}
	return f.output.Write(p)
}

func TestLogThatCannotBeWrittenCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	out := &failing{fails: true}
	q := &logQueue{out: out}
	for range 3 {
		fmt.Fprintln(q, "lost")
	}
	q.flush(nil)
	q.flush(nil)
	out.fails = false
	fmt.Fprintln(q, "kept")
	q.flush(nil)
	if got := out.String(); !strings.HasPrefix(got, "kept\n") || strings.Count(got, "\n") != 2 || !strings.Contains(got, `"msg":"log lines dropped","count":3`) || q.lost.Load() != 3 {
		t.Error(got, q.lost.Load())
	}
}

// servingTo is serving with its log in a pipe, read up to the line with the address.
func servingTo(t *testing.T, environment []string) (p *program, address string, log *bufio.Reader, closeLog func()) {
	t.Helper()
	reader, writer := pipe(t)
	p = command(t, environment, "serve", "--addr", "127.0.0.1:0")
	p.Stderr = writer
	p.start(t)
	_ = writer.Close()
	log = bufio.NewReader(reader)
	for {
		said, err := log.ReadString('\n')
		var line struct{ Msg, Address string }
		if err := errors.Join(err, json.Unmarshal([]byte(said), &line)); err != nil {
			t.Fatal(said, err)
		}
		if line.Msg == "listening" {
			return p, line.Address, log, func() { _ = reader.Close() }
		}
	}
}

// fillLog sends more requests than a pipe holds lines. They have a token: of others the
// log has only a few a second.
func fillLog(t *testing.T, address string) {
	t.Helper()
	token, err := auth.SignHS256([]byte(testSecret), auth.Policy{}, auth.Identity{UserID: "alice"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if status, _ := get(t, address, "/api/alice/nothing", token); status != 404 {
			t.Fatal(status)
		}
	}
}

func TestServeRepliesWhenNobodyReadsItsLog(t *testing.T) {
	t.Parallel()
	p, address, log, _ := servingTo(t, environment(dbtest.New(t, dbtest.NeonOwner)))
	fillLog(t, address)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("a stop whose last lines nobody reads: %v", err)
	}
	if rest, err := io.ReadAll(log); err != nil || strings.Count(string(rest), `"status":404`) < 100 {
		t.Errorf("%v: %s", err, rest)
	}
}

func TestServeOutlivesTheReaderOfItsLog(t *testing.T) {
	t.Parallel()
	p, address, _, closeLog := servingTo(t, environment(dbtest.New(t, dbtest.NeonOwner)))
	closeLog()
	fillLog(t, address)
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Errorf("a stop without a log: %v", err)
	}
}

func TestServeWritesItsLastLineBeforeItExits(t *testing.T) {
	t.Parallel()
	p, _ := serving(t, environment(dbtest.New(t, dbtest.NeonOwner)))
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if log := p.log.String(); !strings.HasSuffix(log, "\n") || !strings.Contains(log, `"msg":"stopping"`) {
		t.Error(log)
	}
}
