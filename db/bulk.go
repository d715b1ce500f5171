package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// bulkTimeout is how long after the beginning of an operation on many tasks another step
// of it is begun. A step is a transaction of its own and changes 10,000 tasks at most, so
// that it ends in time, and others of the user get their turn.
const bulkTimeout = 25 * time.Second

// IncompleteError says that an operation on many tasks came to no end: the steps that
// were done are committed, and the same operation does the rest. It is ErrUnavailable.
type IncompleteError struct {
	// Done is how many tasks it changed: 0 where it has removed tombstones alone.
	Done  int64
	cause error
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("incomplete after %d tasks: %v", e.Done, e.cause)
}
func (e *IncompleteError) Unwrap() []error { return []error{ErrUnavailable, e.cause} }

// errBulkTimeout is why an operation was not completed.
var errBulkTimeout = errors.New("the time for one request is over")

// CompleteTasks sets completed of all of a user's tasks that pass the filters, from
// FromID on, and counts those that were not so. It is not repeated where an answer was
// lost: nobody could count what that had changed.
func (p *Pool) CompleteTasks(ctx context.Context, params CompleteTasksParams) (int64, error) {
	return inSteps(ctx, func() (int64, bool, error) {
		row, err := p.As(params.UserID).CompleteTasks(ctx, params)
		params.FromID = row.LastID
		return row.Done, row.More, err
	})
}

// ClearTasks deletes all of a user's tasks that pass the filters, from FromID on, and
// counts them. Lost answers are as in CompleteTasks.
func (p *Pool) ClearTasks(ctx context.Context, params ClearTasksParams) (int64, error) {
	return inSteps(ctx, func() (int64, bool, error) {
		row, err := p.As(params.UserID).ClearTasks(ctx, params)
		params.FromID = row.LastID
		return row.Done, row.More, err
	})
}

// EraseAccount removes a user with every task and tombstone. That nothing is left is all
// that it says, so each part of it may be executed twice.
func (p *Pool) EraseAccount(ctx context.Context, userID string) error {
	_, err := inSteps(ctx, func() (tasks int64, more bool, err error) {
		queries := p.as(userID, newTries(true, true))
		isLarge, err := queries.EraseAccount(ctx, EraseAccountParams{UserID: userID})
		if err != nil || !isLarge {
			return 0, false, err
		}
		row, err := queries.EmptyAccount(ctx, EmptyAccountParams{UserID: userID})
		return row.Tasks, true, err
	})
	return err
}

// inSteps takes steps until there are no more.
func inSteps(ctx context.Context, step func() (done int64, more bool, err error)) (total int64, err error) {
	start, steps := time.Now(), 0
	for more := true; more && err == nil; {
		if time.Since(start) >= bulkTimeout {
			err = &unavailableError{cause: errBulkTimeout}
			break
		}
		if err = ctx.Err(); err != nil {
			break
		}
		var done int64
		if done, more, err = step(); err == nil {
			steps++
		}
		total += done
	}
	if steps > 0 && errors.Is(err, ErrUnavailable) {
		err = &IncompleteError{Done: total, cause: err}
	}
	return total, err
}
