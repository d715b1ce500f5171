package db

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// request is a transaction of one user.
type request struct {
	settings
	queries []query
	one     [1]query    // the memory of queries where there is one
	alone   [1]*request // the batch of a request that goes alone

	asking context.Context // of who asks
	name   string
	start  time.Time  // when it began to wait
	turn   chan *lane // gets the lane when it is the request's turn, for those that wait
	lane   *lane

	// prologue are the statements that go first and take no arguments. messages are those
	// behind it: the queries', and setScope's where it is one of them.
	prologue []string
	messages []message
	syncs    int // how many Syncs it has

	err      error // why it was not sent, or was refused
	read     int   // how many results were read
	isSlow   bool  // counts as one of slowUsers
	isSent   bool
	isClosed bool
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

var errNoResult = errors.New("the database has sent no result of a query")

// send sends a request, and reads the results of its settings, so that a connection that
// was already dead shows here. name is that of its query, for the timing. Without an
// error, the request must be closed.
func (l *lanes) send(ctx context.Context, name string, r *request) (err error) {
	r.start, r.asking, r.name = time.Now(), ctx, name
	r.limit = cmp.Or(r.limit, l.limit)
	if r.lane, err = l.enter(ctx, r); err != nil {
		recordTiming(ctx, name, r.start, err)
		return err
	}
	if err = r.begin(); err != nil {
		_ = r.close()
	}
	return err
}

// begin sends the batch, if that was not done yet, and reads the results of the settings.
func (r *request) begin() error {
	if r.lane.conn == nil && r.lane.err == nil {
		r.lane.send()
	}
	switch {
	case r.lane.err != nil:
		return r.lane.err
	case r.err != nil:
		return r.err
	}
	r.isSent = true
	for settings := len(r.prologue) + len(r.messages) - len(r.queries); r.read < settings; {
		rows, err := r.next()
		if err != nil {
			return err
		}
		rows.Close()
	}
	return r.err
}

// next returns the rows of the next query. An error comes before the first of them, or in
// their Err.
func (r *request) next() (rows, error) {
	result := rows{request: r}
	if at := r.read - len(r.prologue); at >= 0 && r.messages[at].prepared != nil {
		result.fields = r.messages[at].prepared.Fields
	}
	r.read++
	result.isAhead = result.read()
	return result, r.err
}

// close reads what is left, to the end of the transaction, and passes the lane on: a
// commit that failed shows here.
func (r *request) close() error {
	if r.isClosed {
		return nil
	}
	r.isClosed = true
	var failed error
	defer func() {
		lost := r.lane.err
		r.lane.lanes.leave(r.lane, r)
		recordTiming(r.asking, r.name, r.start, r.err, failed, lost)
	}()
	if !r.isSent {
		return nil
	}
	for syncs := r.syncs; syncs > 0; {
		message, err := r.lane.receive()
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			if syncs--; syncs == 0 && ready.TxStatus != 'I' {
				r.lane.fail(errNotIdle)
			}
		}
		if err != nil && failed == nil {
			failed = err
		}
		if r.lane.err != nil {
			break
		}
	}
	if failed != nil {
		return endError{failed}
	}
	return nil
}

var errNotIdle = errors.New("the connection is in a transaction that has not ended")
