package db

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxIdle is how long a connection may be idle and is used again unasked.
	maxIdle = time.Second
	// pingTimeout is how long one that was idle for longer has for its answer.
	pingTimeout = time.Second
)

// isAlive is pgxpool's PrepareConn: what it refuses is closed, and the next connection is
// taken.
func (p *Pool) isAlive(ctx context.Context, conn *pgx.Conn) (bool, error) {
	s := sessionOf(conn)
	if time.Since(s.used) < maxIdle {
		return true, nil
	}
	until := time.Now().Add(pingTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	if ping(conn, until) == nil {
		return true, nil
	}
	abandon(conn)
	p.suspect(s)
	return false, nil
}

// ping asks whether a connection still works. pgx's own would, when it fails, keep the
// connection's place in the pool until the other side has answered, 15 seconds at most.
func ping(conn *pgx.Conn, until time.Time) error {
	c := conn.PgConn()
	if err := c.Conn().SetDeadline(until); err != nil {
		return err
	}
	c.Frontend().Send(&pgproto3.Query{String: "-- ping"})
	if err := c.Frontend().Flush(); err != nil {
		return err
	}
	for {
		message, err := c.Frontend().Receive()
		if err != nil {
			return err
		}
		switch message := message.(type) {
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(message)
		case *pgproto3.ReadyForQuery:
			return c.Conn().SetDeadline(time.Time{})
		}
	}
}

// suspect replaces all connections that are older than now, when one of them is found to
// be dead or to lead to a server that it should not: what happened to it has happened to
// the others. Those in use are closed when they come back. What a connection says that is
// younger than the last time is news; what an older one says is not.
func (p *Pool) suspect(s *session) {
	p.suspecting.Lock()
	defer p.suspecting.Unlock()
	if s.made.Before(p.suspected) {
		return
	}
	p.suspected = time.Now()
	p.pool.Reset()
	p.probes.Reset()
}

// abandon closes a connection at once. The other side may be gone, so nothing is said to
// it, and nothing waited for.
func abandon(conn *pgx.Conn) {
	network := conn.PgConn().Conn()
	if secure, ok := network.(*tls.Conn); ok {
		network = secure.NetConn() // closing the outer one would wait to say so
	}
	_ = network.Close()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = conn.Close(gone)
}

// giveBack gives a connection back to its pool. The place of one that was closed is free
// at once: pgxpool would keep it until pgx has done so, too, which may take 15 seconds.
func giveBack(conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() {
		abandon(conn.Hijack())
		return
	}
	sessionOf(conn.Conn()).used = time.Now()
	conn.Release()
}
