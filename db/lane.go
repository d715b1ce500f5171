package db

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lane is a connection of the pool with a batch of requests on it. One write to the
// network carries them all, and their results come back in the same order.
//
// Its invariants:
//   - One goroutine uses a lane at a time: that of the request whose turn it is, the first
//     of batch. It reads its own results to their end, and passes the lane on. So nothing
//     is buffered, and no goroutine that reads waits for one that writes.
//   - Each request has its own Sync, hence its own transaction. Its settings end with it,
//     and so does its error: PostgreSQL skips to the Sync and goes on behind it.
//   - A request that was sent takes its turn, even if its client has left.
//   - A request that writes goes alone. When a connection is lost, all of a batch may be
//     sent again, and nobody waits for the commit of another user.
type lane struct {
	lanes *lanes
	batch []*request // that have not left yet

	conn     *pgxpool.Conn
	pipeline *pgconn.Pipeline
	err      error // why there is no connection
}

// request is a transaction of one user.
type request struct {
	settings
	queries []query
	// ctx breaks off what is under way, where it is not nil: with its connection.
	ctx context.Context

	asking context.Context // of who asks
	name   string
	start  time.Time  // when it began to wait
	turn   chan *lane // gets the lane when it is the request's turn, for those that wait
	lane   *lane

	// prologue are the statements that go first and take no arguments, and from and to
	// where the messages behind them are in the session.
	prologue []string
	from, to int
	// settled and syncs are how many results its settings have, and how many Syncs it has.
	settled, syncs int

	err              error // why it was not sent
	isSent, isClosed bool
}

// query is a statement with its arguments.
type query struct {
	sql  string
	args []any
}

// send sends the whole batch. Its first request waits for the connection, and for the
// preparing of what the connection does not know yet: a round trip for each.
func (ln *lane) send(ctx context.Context) {
	if len(ln.batch) > 1 {
		// The others do not leave with it.
		ctx = context.WithoutCancel(ctx)
	}
	if ln.conn, ln.err = ln.lanes.pool.acquire(ctx, ln.batch[0].start.Add(acquireTimeout)); ln.err != nil {
		return
	}
	if ln.conn.Conn().IsClosed() {
		ln.err = notSentError{net.ErrClosed}
		return
	}
	ln.limit(ln.batch[0])
	session := ln.conn.Conn().PgConn().CustomData()[sessionKey].(*session)
	session.messages = session.messages[:0]
	for _, r := range ln.batch {
		if err := session.encode(ln.lanes.pool, r); err != nil {
			r.err = notSentError{err}
		}
		if ln.conn.Conn().IsClosed() {
			ln.err = r.err
			return
		}
	}
	ln.pipeline = ln.conn.Conn().PgConn().StartPipeline(cmp.Or(ln.batch[0].ctx, context.Background()))
	for _, r := range ln.batch {
		if r.err == nil {
			session.send(ln.pipeline, r)
		}
	}
	// An error shows in the results.
	_ = ln.pipeline.Flush()
}

// limit bounds the time in which the results of r come.
func (ln *lane) limit(r *request) {
	_ = ln.conn.Conn().PgConn().Conn().SetDeadline(time.Now().Add(r.limit + timeoutSlack))
}

// next reads the beginning of the next result.
func (ln *lane) next() (any, error) {
	next, err := ln.pipeline.GetResults()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	return next, err
}

// release gives the connection back.
func (ln *lane) release() {
	if ln.pipeline != nil {
		_ = ln.pipeline.Close()
	}
	if ln.conn != nil {
		_ = ln.conn.Conn().PgConn().Conn().SetDeadline(time.Time{})
		ln.conn.Release()
	}
}
