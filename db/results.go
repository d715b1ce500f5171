package db

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// notSentError is why nothing was sent: the queries have done nothing.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

// endError is why the transaction of queries did not end well that had an answer.
type endError struct{ error }

func (e endError) Unwrap() error { return e.error }

// send sends a request, and reads the results of its settings, so that a connection that
// was already dead shows here. name is that of its query, for the timing. Without an
// error, the request must be closed.
func (l *lanes) send(ctx context.Context, name string, r *request) (err error) {
	r.start, r.asking, r.name = time.Now(), ctx, name
	if r.lane, err = l.enter(ctx, r); err != nil {
		return err
	}
	if err = r.begin(); err != nil {
		_ = r.close()
	}
	return err
}

// begin sends the batch, if that was not done yet, and reads the results of the settings.
func (r *request) begin() error {
	ln := r.lane
	if ln.pipeline == nil && ln.err == nil {
		ln.send(r.asking)
	} else if ln.err == nil {
		ln.limit(r)
	}
	switch {
	case ln.err != nil:
		return ln.err
	case r.err != nil:
		return r.err
	case ln.conn.Conn().IsClosed():
		return net.ErrClosed
	}
	r.isSent = true
	for range r.settled {
		if _, err := ln.next(); err != nil {
			return err
		}
	}
	return nil
}

// rows returns those of the next query.
func (r *request) rows() (decodedRows, error) {
	next, err := r.lane.next()
	if err != nil {
		return decodedRows{}, err
	}
	reader, ok := next.(*pgconn.ResultReader)
	if !ok {
		return decodedRows{}, errNoResult
	}
	return decodedRows{Rows: pgx.RowsFromResultReader(r.lane.conn.Conn().TypeMap(), reader)}, nil
}

var errNoResult = errors.New("the database has sent no result of a query in the pipeline")

// close reads what is left, to the end of the transaction, and passes the lane on: a
// commit that failed shows here.
func (r *request) close() error {
	if r.isClosed {
		return nil
	}
	r.isClosed = true
	defer func() {
		r.lane.lanes.leave(r.lane, r)
		recordTiming(r.asking, r.name, time.Since(r.start))
	}()
	if !r.isSent {
		return nil
	}
	if err := r.readToEnd(); err != nil {
		return endError{err}
	}
	return nil
}

func (r *request) readToEnd() (failed error) {
	for syncs := r.syncs; syncs > 0; {
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
