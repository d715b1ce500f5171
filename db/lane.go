package db

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
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
//
// Messages are sent and received one by one (pgproto3). pgconn.Pipeline serves to flush
// them, which it does without ever waiting for a server that waits for its reader. It is
// not read from: it keeps the description of each statement that PostgreSQL skips behind
// an error, and would read the results of the next request by it.
type lane struct {
	lanes *lanes
	batch []*request // that have not left yet
	began time.Time  // when it was sent; zero where nobody needs to know

	conn     *pgxpool.Conn
	pipeline *pgconn.Pipeline
	err      error // why nothing can be sent or received
	// isReadOnly says that the connection refuses writes, and will as long as it lasts.
	isReadOnly bool
}

// send sends the whole batch. Its first request waits for the connection, and for the
// preparing of what the connection does not know yet: a round trip for each.
func (ln *lane) send() {
	first := ln.batch[0]
	// Others may be behind it, so it does not leave with its client.
	if ln.conn, ln.err = ln.lanes.pool.acquire(context.Background(), first.start.Add(acquireTimeout)); ln.err != nil {
		return
	}
	ln.began = ln.lanes.slow.now()
	conn := ln.conn.Conn()
	// However many requests are slow, the last does not wait for the sum of their limits.
	_ = conn.PgConn().Conn().SetDeadline(time.Now().Add(first.limit + timeoutSlack))
	session := sessionOf(conn)
	session.messages = session.messages[:0]
	for _, r := range ln.batch {
		if err := session.encode(ln.lanes.pool, r); err != nil {
			r.err = notSentError{err}
		}
		if conn.IsClosed() {
			ln.fail(r.err)
			ln.err = notSentError{ln.err}
			return
		}
	}
	ln.pipeline = conn.PgConn().StartPipeline(context.Background())
	for _, r := range ln.batch {
		if r.err == nil {
			session.send(conn.PgConn().Frontend(), r)
		}
	}
	if err := ln.pipeline.Flush(); err != nil {
		ln.fail(err)
	}
}

// took is how long the database has been at work, 0 where that is not known: a connection
// that was lost says nothing of the request.
func (ln *lane) took() time.Duration {
	if ln.began.IsZero() || ln.err != nil {
		return 0
	}
	return time.Since(ln.began)
}

// receive returns the next message about a request. It is valid until the next call.
func (ln *lane) receive() (pgproto3.BackendMessage, error) {
	for ln.err == nil {
		message, err := ln.conn.Conn().PgConn().Frontend().Receive()
		if err != nil {
			ln.fail(err)
			break
		}
		switch message := message.(type) {
		case *pgproto3.ParameterStatus, *pgproto3.NoticeResponse, *pgproto3.NotificationResponse:
			continue
		case *pgproto3.ErrorResponse:
			ln.isReadOnly = ln.isReadOnly || message.Code == pgerrcode.ReadOnlySQLTransaction
			return nil, pgconn.ErrorResponseToPgError(message)
		}
		return message, nil
	}
	return nil, ln.err
}

// fail gives the connection up: nobody knows what is on its way there. What is late, or
// nobody waits for any more, PostgreSQL is asked to cancel. Otherwise the connection was
// lost.
func (ln *lane) fail(err error) {
	conn := ln.conn.Conn()
	if ln.err = err; !errors.Is(err, os.ErrDeadlineExceeded) {
		ln.lanes.pool.suspect(sessionOf(conn))
		return
	}
	ln.err = context.DeadlineExceeded
	go func() {
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), outOfTurn{}, true), connectTimeout)
		defer cancel()
		_ = conn.PgConn().CancelRequest(ctx)
	}()
}

// release gives the connection back, or closes it behind a failure.
func (ln *lane) release() {
	if ln.conn == nil {
		return
	}
	conn := ln.conn.Conn()
	switch {
	case ln.isReadOnly:
		ln.lanes.pool.suspect(sessionOf(conn))
		abandon(conn)
	case ln.err != nil:
		abandon(conn)
	default:
		_ = ln.pipeline.Close()
		_ = conn.PgConn().Conn().SetDeadline(time.Time{})
	}
	ln.lanes.pool.release(ln.conn)
}
