package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/securetodo/securetodo/db"
	todohttp "github.com/securetodo/securetodo/http"
)

const (
	// stopTimeout is how long requests and streams may take to end. With DRAIN at its
	// default, and all that follows, it is less than the 30 seconds after which Kubernetes
	// kills.
	stopTimeout = 20 * time.Second
	// closeTimeout is how long after that queries may take which are given up.
	closeTimeout = time.Second
)

// stop takes no more connections, and returns when the requests and streams in progress
// have ended. After the time-out it closes their connections, which ends their queries.
func stop(server *http.Server, connections *todohttp.Connections, streams *sync.WaitGroup, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if err == nil {
		// http.Server does not know them any more.
		ended := make(chan struct{})
		go func() { streams.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		open, _ := connections.Count()
		connections.Close()
		return fmt.Errorf("stopping: %d connections whose requests did not end within %s were closed", open, timeout)
	}
	return nil
}

// closePool does not wait for a query that nothing ends: the end of the process does.
func closePool(pool *db.Pool) {
	closed := make(chan struct{})
	go func() { pool.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
	}
}
