//go:build !unix

package embedded

import (
	"context"
	"fmt"
	"runtime"
)

// Nothing is known here that shuts PostgreSQL down however this program ends: that
// takes a lock and a pipe which a child inherits.
func start(context.Context, Config) (*Server, error) {
	return nil, fmt.Errorf("todo runs no PostgreSQL of its own on %s: set DATABASE_URL to a server of yours, "+
		"PostgreSQL %d or newer, such as one in a container", runtime.GOOS, oldestMajor)
}

// Server is a running PostgreSQL server; there is none on this system.
type Server struct{}

// URL is where the server's superuser would connect.
func (*Server) URL() string { return "" }

// Dir is the folder that the server would live in.
func (*Server) Dir() string { return "" }

// Done would be closed when the server ended by itself.
func (*Server) Done() <-chan struct{} { return nil }

// Stop would shut the server down.
func (*Server) Stop() error { return nil }

type search struct{}
