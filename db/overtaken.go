package db

import (
	"context"
	"errors"
	"time"
)

// ErrDeleted says that the user had a task of this id and deleted it.
var ErrDeleted = errors.New("deleted")

// errOvertaken is why a change was given up that other writers of the same user
// overtook again and again.
var errOvertaken = errors.New("other writers of the same user came between each time")

// Change runs a query that changes a task, such as (*Queries).UpdateTask, until no
// other writer of the same user comes between its snapshot and its lock. overtaken
// reads that from the row: such a run has changed no task.
func Change[P, R any](ctx context.Context, run func(context.Context, P) (R, error), params P, overtaken func(R) bool) (R, error) {
	return untilSettled(ctx, func() (R, bool, error) {
		row, err := run(ctx, params)
		return row, err != nil || !overtaken(row), err
	})
}

// Create makes a task and tells what became of it: made, there already, or deleted,
// which is ErrDeleted.
func Create(ctx context.Context, q *Queries, params CreateTaskParams) (CreateTaskRow, error) {
	if !params.Revive {
		task, err := q.AddTask(ctx, AddTaskParams{
			UserID: params.UserID, ID: params.ID, Email: params.Email,
			Title: params.Title, Description: params.Description, Completed: params.Completed,
			Priority: params.Priority, DueDate: params.DueDate, DueAllDay: params.DueAllDay, Tags: params.Tags,
		})
		if !errors.Is(err, ErrNotFound) {
			return CreateTaskRow{Task: task, Created: true}, err
		}
	}
	return untilSettled(ctx, func() (CreateTaskRow, bool, error) {
		row, err := q.CreateTask(ctx, params)
		if !errors.Is(err, ErrNotFound) {
			return row, true, err
		}
		if params.Revive {
			return row, false, nil
		}
		_, err = q.GetDeletedTask(ctx, GetDeletedTaskParams{UserID: params.UserID, ID: params.ID})
		switch {
		case err == nil:
			return row, true, ErrDeleted
		case errors.Is(err, ErrNotFound):
			return row, false, nil
		}
		return row, true, err
	})
}

// untilSettled repeats run for as long as a statement may take. Of the writers that
// overtake each other one succeeds each time.
func untilSettled[R any](ctx context.Context, run func() (row R, settled bool, err error)) (R, error) {
	for start := time.Now(); ; {
		row, settled, err := run()
		switch {
		case settled:
			return row, err
		case ctx.Err() != nil:
			return row, ctx.Err()
		case time.Since(start) > statementTimeout:
			return row, &unavailableError{cause: errOvertaken}
		}
	}
}
