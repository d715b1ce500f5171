package db

import (
	"cmp"
	"context"
	"errors"
)

// What changes one task is done within retryTimeout or not at all: it is tried again
// where another writer of the same user came between its snapshot and its lock, and as
// rules say. Which writes may be executed twice, each of them says itself. A write
// without a condition is repeated although others may have written meanwhile: it is then
// the later one.

// CreateTask makes a task, or finds the one that has its id. ErrDeleted says that the id
// was deleted, which only Revive overcomes, and ErrTooManyTasks that the user has MaxTasks
// others: where that is given it is never exceeded, whoever creates at once. To execute it twice makes one task, and one
// that is found behind a lost answer counts as created. With Revive, what an answer that
// was lost has made could not be told from what another has.
func (p *Pool) CreateTask(ctx context.Context, params CreateTaskParams) (CreateTaskRow, error) {
	t := newTries(true, !params.Revive)
	queries := p.as(params.UserID, t)
	if !params.Revive && params.MaxTasks == nil {
		task, err := queries.AddTask(ctx, AddTaskParams{
			UserID: params.UserID, ID: params.ID, Email: params.Email,
			Title: params.Title, Description: params.Description, Completed: params.Completed, Priority: params.Priority,
			DueDate: params.DueDate, DueAllDay: params.DueAllDay, Tags: params.Tags,
		})
		if !errors.Is(err, ErrNotFound) {
			return CreateTaskRow{Task: task, Created: true}, err
		}
	}
	return untilSettled(ctx, p, t, func() (row CreateTaskRow, overtaken bool, err error) {
		row, err = queries.CreateTask(ctx, params)
		row.Created = row.Created || t.lost
		if !errors.Is(err, ErrNotFound) {
			return row, false, err
		}
		err = p.refusal(ctx, t, params)
		return row, err == nil, err
	})
}

// refusal says why nothing was made: nil where another writer came between.
func (p *Pool) refusal(ctx context.Context, t *tries, params CreateTaskParams) error {
	if !params.Revive {
		if deleted, err := p.wasDeleted(ctx, t, GetDeletedTaskParams{UserID: params.UserID, ID: params.ID}); deleted || err != nil {
			return cmp.Or(err, ErrDeleted)
		}
	}
	if params.MaxTasks == nil {
		return nil
	}
	switch _, err := p.As(params.UserID).GetTaskBehind(ctx, GetTaskBehindParams{UserID: params.UserID, Others: *params.MaxTasks - 1}); {
	case err == nil:
		return ErrTooManyTasks
	case errors.Is(err, ErrNotFound):
		return nil
	default:
		return t.final(err)
	}
}

// UpdateTask changes a task. To set fields twice is to set them once, but a condition
// would not hold a second time.
func (p *Pool) UpdateTask(ctx context.Context, params UpdateTaskParams) (UpdateTaskRow, error) {
	t := newTries(true, params.IfMatch == nil && params.IfNoneMatch == nil)
	queries := p.as(params.UserID, t)
	return untilSettled(ctx, p, t, func() (UpdateTaskRow, bool, error) {
		row, err := queries.UpdateTask(ctx, params)
		return row, row.Overtaken, err
	})
}

// CompleteTask is UpdateTask for completed. To toggle twice is to do nothing.
func (p *Pool) CompleteTask(ctx context.Context, params CompleteTaskParams) (CompleteTaskRow, error) {
	t := newTries(true, params.Completed != nil && params.IfMatch == nil && params.IfNoneMatch == nil)
	queries := p.as(params.UserID, t)
	return untilSettled(ctx, p, t, func() (CompleteTaskRow, bool, error) {
		row, err := queries.CompleteTask(ctx, params)
		return row, row.Overtaken, err
	})
}

// DeleteTask deletes a task. Where an answer was lost, a task that is gone and has a
// tombstone was deleted.
func (p *Pool) DeleteTask(ctx context.Context, params DeleteTaskParams) (DeleteTaskRow, error) {
	t := newTries(true, params.IfMatch == nil && params.IfNoneMatch == nil)
	queries := p.as(params.UserID, t)
	return untilSettled(ctx, p, t, func() (DeleteTaskRow, bool, error) {
		row, err := queries.DeleteTask(ctx, params)
		if !errors.Is(err, ErrNotFound) || !t.lost {
			return row, row.Overtaken, err
		}
		deleted, err := p.wasDeleted(ctx, t, GetDeletedTaskParams{UserID: params.UserID, ID: params.ID})
		if !deleted && err == nil {
			err = ErrNotFound
		}
		return DeleteTaskRow{Matched: deleted}, false, err
	})
}

// wasDeleted reports whether there is a tombstone, for an operation that has been tried.
func (p *Pool) wasDeleted(ctx context.Context, t *tries, params GetDeletedTaskParams) (bool, error) {
	_, err := p.As(params.UserID).GetDeletedTask(ctx, params)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, t.final(err)
}

// untilSettled runs a statement until no other writer of the same user overtakes it. Of
// the writers that overtake each other one succeeds each time.
func untilSettled[R any](ctx context.Context, p *Pool, t *tries, run func() (row R, overtaken bool, err error)) (R, error) {
	for {
		row, overtaken, err := run()
		if err != nil || !overtaken {
			return row, err
		}
		if !t.again(ctx, p, 0, errOvertaken) {
			return row, t.final(errOvertaken)
		}
	}
}
