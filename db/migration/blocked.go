package migration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pauses between two tries to run a file: each twice as long as the one before, and half
// of it at random. They are long against a file's lock_timeout, because requests queue up
// behind a try, and must be served before the next.
const firstPause, longestPause = 500 * time.Millisecond, 8 * time.Second

// pauses are those that there is time for.
type pauses struct {
	until time.Time
	next  time.Duration
}

func pausesFor(wait time.Duration) *pauses {
	return &pauses{until: time.Now().Add(wait), next: firstPause}
}

// one is the next pause, the last one shortened to the time that is left; false if none
// is.
func (p *pauses) one() (pause time.Duration, more bool) {
	left := time.Until(p.until)
	pause = min(p.next/2+rand.N(p.next/2), left)
	p.next = min(2*p.next, longestPause)
	return pause, left > 0
}

// isContention reports whether another transaction was in the way of one that is rolled
// back for it, so that the same may pass a little later.
func isContention(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pg.Code {
	case pgerrcode.LockNotAvailable, pgerrcode.DeadlockDetected, pgerrcode.SerializationFailure:
		return true
	}
	return false
}

// isCanceled reports whether somebody canceled a statement, or a statement_timeout did:
// that says neither that the file is wrong nor that it may pass a little later.
func isCanceled(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == pgerrcode.QueryCanceled
}

// runUnblocked runs a file that is one transaction, and goes on trying while other
// sessions are in its way. A transaction that PostgreSQL has refused is rolled back, so the
// version is marked clean again before each pause: whoever is killed there leaves nothing
// to recover.
func (d *driver) runUnblocked(run func() error) error {
	for pauses := pausesFor(d.lockWait); ; {
		err := run()
		failed, ok := driverError(err)
		if !ok || !isContention(failed.OrigErr) && !isCanceled(failed.OrigErr) {
			return err
		}
		if restored := d.mark(func(ctx context.Context) error { return d.target.markClean(ctx, d.from) }); restored != nil {
			return errors.Join(err, restored)
		}
		pause, more := pauses.one()
		if isCanceled(failed.OrigErr) || !more {
			return d.blocked(failed.OrigErr)
		}
		fmt.Fprintf(d.progress, "todo: the %s file of migration %d was rolled back (%v)%s; trying again in %s\n",
			d.step.Direction, d.step.Version, failed.OrigErr, d.inTheWay(), pause.Round(100*time.Millisecond))
		if err := sleep(d.ctx, pause); err != nil {
			return err
		}
		if err := d.SetVersion(d.to, true); err != nil {
			return err
		}
	}
}

// blocked is the end of the tries.
func (d *driver) blocked(cause error) error {
	what := fmt.Sprintf("was kept from its tables by others for %s%s", d.lockWait, d.inTheWay())
	if isCanceled(cause) {
		what = "was canceled, by somebody or by the statement_timeout of this login"
	}
	return &Error{Kind: Blocked, cause: cause, text: fmt.Sprintf(
		"the %s file of migration %d %s. Nothing of it was committed, and the version is clean: run the command again, perhaps with a longer --lock-wait", d.step.Direction, d.step.Version, what)}
}

// inTheWay names the oldest transaction that has a lock on a table, which is what a file
// most likely waited for; "" if there is none any more.
func (d *driver) inTheWay() string {
	var pid int
	var program, since, table string
	err := d.target.row(context.WithoutCancel(d.ctx), `
		SELECT pid, COALESCE(application_name, ''), COALESCE(' since ' || to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''), relname
		FROM pg_locks
		JOIN pg_stat_activity USING (pid)
		JOIN pg_class ON pg_class.oid = relation
		WHERE locktype = 'relation'
		  AND granted
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND relnamespace = 'public'::regnamespace
		  AND relkind IN ('r', 'p')
		  AND pid <> pg_backend_pid()
		ORDER BY xact_start, pid, relname
		LIMIT 1`, nil, &pid, &program, &since, &table)
	if err != nil { // it is no more than a hint
		return ""
	}
	return fmt.Sprintf(": PostgreSQL process %d (%q) has a lock on %s, in a transaction%s", pid, program, table, since)
}

// mark has the version written, and goes on trying while its table is locked. What has
// begun is finished whatever becomes of the context.
func (d *driver) mark(write func(context.Context) error) error {
	ctx := context.WithoutCancel(d.ctx)
	for pauses := pausesFor(d.lockWait); ; {
		limited, cancel := context.WithTimeout(ctx, markTimeout)
		err := write(limited)
		cancel()
		pause, more := pauses.one()
		if !isContention(err) || !more {
			return err
		}
		_ = sleep(ctx, pause)
	}
}
