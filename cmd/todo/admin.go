package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	todohttp "github.com/securetodo/securetodo/http"
)

// maxAdminConnections keeps them within the room that maxConnections leaves.
const maxAdminConnections = 64

// admin is the server at ADMIN_ADDR; its zero value is no server.
type admin struct {
	server  *http.Server
	handler *todohttp.Admin
}

// serveAdmin serves probes at ADMIN_ADDR, if that is set; the server is not ready until
// ready. It sends the error with which the server ends to serveErrs.
func (c config) serveAdmin(ctx context.Context, api todohttp.Config, serveErrs chan<- error) (admin, error) {
	if c.AdminAddr == "" {
		return admin{}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.AdminAddr)
	if err != nil {
		return admin{}, fmt.Errorf("ADMIN_ADDR: %w: stop the program that listens there, or choose another address", err)
	}
	handler := todohttp.NewAdmin(api)
	handler.Starting()
	a := admin{server: todohttp.NewServer(handler, api.Log), handler: handler}
	connections := todohttp.NewConnections(maxAdminConnections)
	go func() { serveErrs <- connections.Serve(a.server, listener.(*net.TCPListener)) }()
	api.Log.Info("listening for probes", "address", listener.Addr().String())
	return a, nil
}

// ready lets the checks of /readyz decide.
func (a admin) ready() {
	if a.handler != nil {
		a.handler.Started()
	}
}

// notReady makes /readyz fail, so that load balancers send no new requests here.
func (a admin) notReady() {
	if a.handler != nil {
		a.handler.Stop()
	}
}

// close stops the server. It comes last, so that probes are served until the last
// request is.
func (a admin) close() {
	if a.server != nil {
		_ = a.server.Close()
	}
}
