package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

var stops = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}

// TestServeGoesOnWhileItDrains has a connection that is idle when the drain begins, and
// one that is made after that. Streams end at once, and a second signal ends the server.
func TestServeGoesOnWhileItDrains(t *testing.T) {
	t.Parallel()
	for _, signal := range stops {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0", "DRAIN=24h"))
			idle := dial(t, address)
			if reply := idle.get(t, "/health"); reply.StatusCode != 200 || reply.Close {
				t.Fatal(reply)
			}
			streams := openStreams(t, address, "user", 3, 1)
			if err := p.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			p.waitFor(t, p.log, `"msg":"stopping"`)
			if status, body := get(t, probed(t, p), "/readyz", ""); status != 503 || !strings.Contains(body, "stopping") {
				t.Errorf("readyz: %d %s", status, body)
			}
			for _, conn := range []*keptAlive{idle, dial(t, address)} {
				if reply := conn.get(t, "/health"); reply.StatusCode != 200 || !reply.Close {
					t.Errorf("%s %v", reply.Status, reply.Header)
				}
			}
			ends(t, streams)
			if err := p.stop(t, signal); err == nil {
				t.Error("at a second signal it ended as if it had drained")
			}
		})
	}
}

func TestServeEndsWhenItHasDrained(t *testing.T) {
	t.Parallel()
	const drain = 500 * time.Millisecond
	for _, signal := range stops {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner), "DRAIN="+drain.String()))
			dial(t, address).get(t, "/health") // and stays idle
			start := time.Now()
			if err := p.stop(t, signal); err != nil {
				t.Errorf("serve ended with %v: %s", err, p.log)
			}
			if took := time.Since(start); took < drain {
				t.Errorf("it ended after %s", took)
			}
		})
	}
}

// TestServeOutlivesItsTerminalUnderNohup would end at once at the second signal if the
// first one counted.
func TestServeOutlivesItsTerminalUnderNohup(t *testing.T) {
	t.Parallel()
	p := command(t, environment(dbtest.New(t, dbtest.NeonOwner), "DRAIN=1s"), "serve", "--addr", "127.0.0.1:0")
	p.Cmd = inShell(p.Cmd, "trap '' HUP")
	p.start(t)
	p.waitFor(t, p.log, `"msg":"listening"`)
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Errorf("serve ended with %v: %s", err, p.log)
	}
}

// TestStopClosesWhatDoesNotEnd has a request and a stream that nothing else ends.
func TestStopClosesWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var streams sync.WaitGroup
	begun, cut := make(chan struct{}, 2), make(chan struct{})
	server := todohttp.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			streams.Add(1)
			_, _, err := http.NewResponseController(w).Hijack()
			begun <- struct{}{}
			if err != nil {
				t.Error(err)
			}
			return
		}
		begun <- struct{}{}
		<-r.Context().Done()
		close(cut)
	}), slog.New(slog.DiscardHandler))
	connections := todohttp.NewConnections(10)
	go func() { _ = connections.Serve(server, listener) }()
	var clients []*keptAlive
	for _, path := range []string{"/stream", "/request"} {
		client := dial(t, listener.Addr().String())
		if _, err := io.WriteString(client, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-begun
		clients = append(clients, client)
	}
	if err := stop(server, connections, &streams, 10*time.Millisecond); err == nil || !strings.Contains(err.Error(), "2 connections") {
		t.Error(err)
	}
	<-cut
	for _, client := range clients {
		if _, err := client.replies.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a client has %v", err)
		}
	}
}
