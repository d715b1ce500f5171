package db

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"
)

// maxConnecting is how many connections a pool makes at once. When all have been lost,
// those who make new ones wait for each other behind the same processors, or a pooler. If
// all began at once all would be late, and be given up just before it is their turn, again
// and again. A few are in time, and then the next.
const maxConnecting = 4

// connecting lets a bounded number of connections be made at once.
type connecting struct{ turns *semaphore.Weighted }

// outOfTurn is the key of a context whose connection waits for no other: one that only
// cancels a query.
type outOfTurn struct{}

// dial is pgx's DialFunc. The time that it waits is part of that to connect.
func (c connecting) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if ctx.Value(outOfTurn{}) != nil {
		return dialer.DialContext(ctx, network, address)
	}
	if err := c.turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	end := sync.OnceFunc(func() { c.turns.Release(1) })
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		end()
		return nil, err
	}
	return &turn{conn, end}, nil
}

// turn is a connection whose turn ends when it is ready, or closed.
type turn struct {
	net.Conn
	end func()
}

func (t *turn) Close() error {
	t.end()
	return t.Conn.Close()
}

// endTurn has the next connection be made.
func endTurn(conn *pgx.Conn) {
	network := conn.PgConn().Conn()
	if secure, ok := network.(*tls.Conn); ok {
		network = secure.NetConn()
	}
	if t, ok := network.(*turn); ok {
		t.end()
	}
}
