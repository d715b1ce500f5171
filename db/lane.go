package db

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lane is a connection of the pool with a batch of requests on it, each of one user. One
// write to the network carries them all, and their results come back in the same order.
//
// What holds:
//   - A lane is used by one goroutine at a time: that of the request whose turn it is,
//     the first of batch. It reads its own results, to their end, and passes the lane on.
//   - Each request has its own Sync, hence its own transaction: its settings end with it,
//     and its error, at which PostgreSQL skips to the Sync, leaves the others alone.
//   - Who has begun ends, even if its client leaves: others are behind it.
//   - Requests that write go alone: when a connection is lost, the fate of a write never
//     hangs on what was sent before it, and nobody waits for the commit of another. All
//     others of a batch may be sent again.
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

	turn chan *lane // gets the lane when it is the request's turn, for those that wait
	err  error      // why it was not sent
	// prologue are the statements that go first and take no arguments, and from and to
	// where the messages behind them are in the session.
	prologue []string
	from, to int
	// settled and syncs are how many results its settings have, and how many Syncs it has.
	settled, syncs int
}

// query is a statement with its arguments.
type query struct {
	sql  string
	args []any
}

// notSentError is why nothing was sent: the queries have done nothing.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

// endError is why the transaction of queries did not end well that had an answer.
type endError struct{ error }

func (e endError) Unwrap() error { return e.error }

// send sends a request, and reads the results of its settings, so that a connection that
// was already dead shows here. name is that of its query, for the timing. Without an
// error, the results must be closed.
func (l *lanes) send(ctx context.Context, name string, r *request) (*results, error) {
	start := time.Now()
	lane, err := l.enter(ctx, r)
	if err != nil {
		return nil, err
	}
	results := &results{lane: lane, request: r, ctx: ctx, name: name, start: start}
	if err := results.begin(); err != nil {
		_ = results.Close()
		return nil, err
	}
	return results, nil
}

// results are those of a request.
type results struct {
	lane             *lane
	request          *request
	isSent, isClosed bool

	ctx   context.Context
	name  string
	start time.Time
}

// begin sends the batch, if that was not done yet, and reads the results of the settings.
func (r *results) begin() error {
	ln := r.lane
	if ln.pipeline == nil && ln.err == nil {
		ln.send(r.ctx)
	} else if ln.err == nil {
		ln.limit(r.request)
	}
	switch {
	case ln.err != nil:
		return ln.err
	case r.request.err != nil:
		return r.request.err
	case ln.conn.Conn().IsClosed():
		return net.ErrClosed
	}
	r.isSent = true
	for range r.request.settled {
		if _, err := ln.next(); err != nil {
			return err
		}
	}
	return nil
}

// Query returns the rows of the next query.
func (r *results) Query() (pgx.Rows, error) {
	next, err := r.lane.next()
	if err != nil {
		return nil, err
	}
	reader, ok := next.(*pgconn.ResultReader)
	if !ok {
		return nil, errNoResult
	}
	return pgx.RowsFromResultReader(r.lane.conn.Conn().TypeMap(), reader), nil
}

var errNoResult = errors.New("the database has sent no result of a query in the pipeline")

// Close reads what is left, to the end of the transaction, and passes the lane on: a
// commit that failed shows here.
func (r *results) Close() error {
	if r.isClosed {
		return nil
	}
	r.isClosed = true
	defer func() {
		r.lane.lanes.leave(r.lane, r.request)
		recordTiming(r.ctx, r.name, time.Since(r.start))
	}()
	if !r.isSent {
		return nil
	}
	return r.readToEnd()
}

func (r *results) readToEnd() (failed error) {
	for syncs := r.request.syncs; syncs > 0; {
		next, err := r.lane.next()
		if _, ended := next.(*pgconn.PipelineSync); ended {
			syncs--
		} else if err == nil && next == nil {
			err = errNoResult
		}
		if err != nil && failed == nil {
			failed = err
		}
		if _, refused := errors.AsType[*pgconn.PgError](err); err != nil && !refused {
			_ = r.lane.pipeline.Close()
			return failed
		}
	}
	return failed
}

// send sends the whole batch. Its first request waits for the connection, and for the
// preparing of what the connection does not know yet: a round trip for each.
func (ln *lane) send(ctx context.Context) {
	if len(ln.batch) > 1 {
		// The others do not leave with it.
		ctx = context.WithoutCancel(ctx)
	}
	if ln.conn, ln.err = ln.lanes.pool.acquire(ctx); ln.err != nil {
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
