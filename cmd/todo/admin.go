package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	todohttp "github.com/securetodo/securetodo/http"
)

// admin is the server at ADMIN_ADDR; its zero value is none.
type admin struct {
	server  *http.Server
	handler *todohttp.Admin
}

// serveAdmin listens at ADMIN_ADDR, if there is one, and tells failed of its end.
func (c config) serveAdmin(ctx context.Context, served todohttp.Config, failed chan<- error) (admin, error) {
	if c.AdminAddr == "" {
		return admin{}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.AdminAddr)
	if err != nil {
		return admin{}, fmt.Errorf("ADMIN_ADDR: %w: stop what listens there, or choose another", err)
	}
	handler := todohttp.NewAdmin(served)
	a := admin{server: todohttp.NewServer(handler, served.Log), handler: handler}
	go func() { failed <- a.server.Serve(listener) }()
	served.Log.Info("listening for probes", "address", listener.Addr().String())
	return a, nil
}

// stopping makes /readyz refuse, so that no new request is sent here.
func (a admin) stopping() {
	if a.handler != nil {
		a.handler.Stop()
	}
}

// close comes last: a probe may ask as long as a request is answered.
func (a admin) close() {
	if a.server != nil {
		_ = a.server.Close()
	}
}
