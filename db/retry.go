package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// rule says what becomes of a statement that failed.
type rule struct {
	name string
	fits func(error) bool
	// maybeDone says that the answer was lost, and the statement may have been executed.
	// Of the writers only those are sent again that may be executed twice. All others
	// have done nothing.
	maybeDone bool
	// once says that a second such failure is the answer.
	once bool
	// mend does away with the cause, if it can.
	mend func(p *Pool, generation int64) bool
}

// rules are tried in their order, and the first that fits counts. An error that none
// fits is the answer: to send the statement again would give the same.
var rules = []rule{
	// A database that restarts, or wakes up, takes as long as a request waits for a
	// connection.
	{name: "no connection", fits: isNoConnection},
	// A database that went away takes its idle connections with it.
	{name: "not sent", fits: isNotSent},
	{name: "terminated before the answer", fits: isTerminated},
	{name: "not serializable", fits: isCode(pgerrcode.SerializationFailure)},
	{name: "deadlock", fits: isCode(pgerrcode.DeadlockDetected)},
	// The connection leads to a standby, or is from when the database was one: it is closed
	// (lane), and a new one may lead elsewhere.
	{name: "read-only", fits: isCode(pgerrcode.ReadOnlySQLTransaction), once: true},
	// The owner was erased meanwhile.
	{name: "owner erased", fits: isCode(pgerrcode.ForeignKeyViolation)},
	{name: "overtaken", fits: func(err error) bool { return errors.Is(err, errOvertaken) }},
	// A prepared statement whose result a migration has changed is refused for good: its
	// connection keeps it, and a pooler keeps it for every client that sends the same
	// text. So all texts change, once for all connections.
	{name: "older than its result", fits: isOutdated, mend: (*Pool).renew},
	// A pooler that hands prepared statements to whichever connection is free makes
	// them meet or miss each other. From then on the pool prepares none.
	{name: "on another connection", fits: isCode(pgerrcode.InvalidSQLStatementName, pgerrcode.DuplicatePreparedStatement), mend: (*Pool).adapt},
	{name: "answer lost", fits: isLost, maybeDone: true},
}

const (
	// retryTimeout is how long after its beginning an operation is tried again.
	retryTimeout = 10 * time.Second
	// maxPause is how long to wait before that at most; half of it on average.
	maxPause = 200 * time.Millisecond
)

// tries are those of one operation, which may be several statements.
type tries struct {
	// write says that the operation changes something, and repeatable that doing it
	// twice is doing it once.
	write, repeatable bool

	start time.Time
	count int
	began time.Time // the last one
	away  time.Time // the first of the last ones that got no connection, or the database none
	lost  bool      // an answer of the write
	once  bool      // a rule that counts once has
}

func newTries(write, repeatable bool) *tries {
	return &tries{write: write, repeatable: repeatable, start: time.Now()}
}

// retry calls send until it succeeds, or fails in a way that sending again does not
// fix. send adds suffix to the text of what it sends.
func (p *Pool) retry(ctx context.Context, t *tries, send func(suffix string) error) error {
	for {
		t.began = time.Now()
		generation := p.generation.Load()
		err := send(suffixOf(generation))
		if err == nil {
			return nil
		}
		if !t.again(ctx, p, generation, err) {
			if errors.Is(ctx.Err(), context.Canceled) {
				err = ctx.Err() // nobody waits for another try
			}
			return t.final(err)
		}
	}
}

// again reports whether to try again after err, and waits before that.
func (t *tries) again(ctx context.Context, p *Pool, generation int64, err error) bool {
	at := slices.IndexFunc(rules, func(r rule) bool { return r.fits(err) })
	if at < 0 {
		return false
	}
	rule := rules[at]
	t.lost = t.lost || rule.maybeDone && t.write
	switch {
	case rule.maybeDone && t.write && !t.repeatable:
		return false
	case rule.once && t.once:
		return false
	case rule.mend != nil && !rule.mend(p, generation):
		return false
	case !isNoConnection(err) && !pgerr.IsConnectionException(err):
		t.away = time.Time{}
	case t.away.IsZero():
		t.away = t.began
	}
	t.once = t.once || rule.once
	if !t.away.IsZero() && time.Since(t.away) >= acquireTimeout {
		return false
	}
	if !t.pause(ctx) {
		return false
	}
	p.retries[at].Add(1)
	return true
}

// pause waits longer from try to try, and at random, so that those who were in each
// other's way are not again. It reports whether there is time for another try.
func (t *tries) pause(ctx context.Context) bool {
	t.count++
	wait := rand.N(min(time.Millisecond<<min(t.count, 10), maxPause))
	if time.Since(t.start)+wait >= retryTimeout {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// final is the error that an operation ends with. A write whose answer was lost may have
// been done, unless a later answer is one to the whole.
func (t *tries) final(err error) error {
	err = translate(err)
	if t.lost && (errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled)) {
		return &outcomeUnknownError{cause: err}
	}
	return err
}

// renew makes every text another statement.
func (p *Pool) renew(generation int64) bool {
	p.generation.CompareAndSwap(generation, rand.Int64())
	return true
}

// adapt does without prepared statements, where the URL leaves that to the pool.
func (p *Pool) adapt(int64) bool {
	if p.adapts {
		p.stopPreparing()
	}
	return p.adapts
}

func isNoConnection(err error) bool {
	_, none := errors.AsType[noConnectionError](err)
	return none && (pgerr.IsLostConnection(err) || pgerr.IsTransient(err))
}

// isNotSent reports whether the connection was lost before anything was sent but what
// prepares. pgconn.SafeToRetry does not tell: it takes a connection that breaks under a
// batch for one that was closed before.
func isNotSent(err error) bool {
	_, notSent := errors.AsType[notSentError](err)
	return notSent && isLost(err)
}

// isTerminated reports whether the connection was terminated before the answer:
// PostgreSQL rolls back what it does then. Behind the answer it may have committed.
func isTerminated(err error) bool {
	_, behind := errors.AsType[endError](err)
	return pgerr.IsTerminated(err) && !behind
}

// isOutdated reports whether a prepared statement is older than its result.
// PostgreSQL has no SQLSTATE for it alone, but one place that says it.
func isOutdated(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == pgerrcode.FeatureNotSupported && pg.Routine == "RevalidateCachedQuery"
}

func isLost(err error) bool {
	return pgerr.IsLostConnection(err) || errors.Is(err, context.DeadlineExceeded)
}

func isCode(codes ...string) func(error) bool {
	return func(err error) bool {
		pg, ok := errors.AsType[*pgconn.PgError](err)
		return ok && slices.Contains(codes, pg.Code)
	}
}
