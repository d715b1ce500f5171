package auth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/securetodo/securetodo/auth"
)

// pipes is a network in memory, with which a server and its client can run in a
// synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// verifierOf returns a verifier in a synctest bubble whose key set h serves.
func verifierOf(t *testing.T, h http.Handler, c auth.Config) *auth.Verifier {
	t.Helper()
	p := pipes{make(chan net.Conn), make(chan struct{})}
	server := &httptest.Server{Listener: p, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(server.Close)
	c.JWKSURL = "http://127.0.0.1/jwks"
	v := newVerifier(t, c)
	v.SetDial(p.dial)
	return v
}
