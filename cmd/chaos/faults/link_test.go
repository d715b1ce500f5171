//go:build unix

package faults_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/faults"
)

// linked is a link to a server that sends back what it receives.
func linked(t *testing.T) *faults.Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	l, err := faults.NewLink("echo", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func dial(t *testing.T, l *faults.Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

const patience = time.Minute

// echoes reports whether what is sent comes back within a time.
func echoes(conn net.Conn, within time.Duration) error {
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

func TestLinkHoldsWhatIsSentWhileItIsSilent(t *testing.T) {
	t.Parallel()
	l := linked(t)
	conn := dial(t, l)
	if err := echoes(conn, patience); err != nil {
		t.Fatal(err)
	}
	l.Set(faults.Silent)
	another := dial(t, l)
	for _, silent := range []net.Conn{conn, another} {
		if err := echoes(silent, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v while it is silent", err)
		}
	}
	l.Set(faults.Pass)
	for _, held := range []net.Conn{conn, another} {
		_ = held.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(held, make([]byte, 1)); err != nil {
			t.Errorf("what it held does not come: %v", err)
		}
	}
}

func TestLinkResetsWhatItCuts(t *testing.T) {
	t.Parallel()
	l := linked(t)
	conn := dial(t, l)
	if err := echoes(conn, patience); err != nil {
		t.Fatal(err)
	}
	l.Set(faults.Cut)
	if err := echoes(conn, patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v when it is cut", err)
	}
	// The reset may come before or after the connection is there.
	conn, err := net.Dial("tcp", l.Address)
	if err == nil {
		defer conn.Close()
		err = echoes(conn, patience)
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v while it is cut", err)
	}
	l.Set(faults.Slow)
	if err := echoes(dial(t, l), patience); err != nil {
		t.Errorf("%v when it is slow", err)
	}
}

func TestLinkForgetsTheConnectionsOfNow(t *testing.T) {
	t.Parallel()
	l := linked(t)
	old := dial(t, l)
	if err := echoes(old, patience); err != nil {
		t.Fatal(err)
	}
	l.Forget()
	if err := echoes(old, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v on a connection that is forgotten", err)
	}
	if err := echoes(dial(t, l), patience); err != nil {
		t.Errorf("%v on a new one", err)
	}
}
