package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run is another run, which holds the lock.
type Run struct {
	// PID is its PostgreSQL process, for pg_stat_activity.
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Program string    `json:"program"`
}

func (r Run) String() string {
	return fmt.Sprintf("another run (%q, PostgreSQL process %d, connected since %s)", r.Program, r.PID, r.Since.UTC().Format(time.RFC3339))
}

// lock polls for the lock. A session that waits inside pg_advisory_lock holds a
// snapshot, which CREATE INDEX CONCURRENTLY in the run that has the lock waits for.
func (s *session) lock(ctx context.Context, wait time.Duration) error {
	for deadline := time.Now().Add(wait); ; {
		var got bool
		if err := s.row(ctx, "SELECT pg_try_advisory_lock($1)", []any{s.lockKey}, &got); err != nil || got {
			return wrapSessionError(err)
		}
		if time.Now().After(deadline) {
			return s.lockedBy(ctx, wait)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// unlock ignores the context of the call, which may have ended. A lock that was not held
// to the end did not keep other runs out, and nothing else would tell.
func (s *session) unlock() error {
	var held bool
	err := s.row(context.Background(), "SELECT pg_advisory_unlock($1)", []any{s.lockKey}, &held)
	if err == nil && !held {
		return errors.New("the session lost its advisory lock before the end of the run, so another run may have been at work at the same time: " +
			"look for what released it (pg_advisory_unlock_all or DISCARD ALL in a file, a pooler in between), and at `todo migrate status`")
	}
	return wrapSessionError(err)
}

func (s *session) lockedBy(ctx context.Context, wait time.Duration) error {
	holder, err := s.holder(ctx)
	if err != nil {
		return wrapSessionError(err)
	}
	who := "another run"
	if holder != nil {
		who = holder.String()
	}
	return &Error{Kind: Locked, text: fmt.Sprintf("%s holds the lock after %s: wait for it, with --lock-wait for longer", who, wait)}
}

// holder is the other session that holds the lock, nil for none.
func (s *session) holder(ctx context.Context) (*Run, error) {
	var run Run
	err := s.row(ctx, `
		SELECT pid, COALESCE(backend_start, now()), COALESCE(application_name, '')
		FROM pg_locks
		JOIN pg_stat_activity USING (pid)
		WHERE locktype = 'advisory'
		  AND classid = 0
		  AND objid = $1::text::bigint::oid
		  AND objsubid = 1
		  AND granted
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		  AND pid <> pg_backend_pid()`, []any{s.lockKey}, &run.PID, &run.Since, &run.Program)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &run, err
}
