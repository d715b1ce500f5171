package db

import (
	"context"
	"errors"
)

// List runs the generated query that list calls, which lists tasks, and reads the user's
// counter in the same round trip, right before the rows: 0 before the first write. So the
// number is never newer than the rows. Of these it keeps as many as PageBytes allows.
func (p *Pool) List(ctx context.Context, userID string, list func(context.Context, *Queries) ([]Task, error)) (tasks []Task, version int64, err error) {
	var listing Recorder
	if _, err := list(ctx, New(&listing)); !errors.Is(err, errRecorded) {
		return nil, 0, err
	}
	name := queryName(listing.SQL)
	err = p.retry(ctx, newTries(false, false), func(suffix string) error {
		r := &request{
			settings: settings{userID: userID},
			queries:  []query{{getVersion + suffix, []any{userID}}, {listing.SQL + suffix, listing.Args}},
		}
		if err := p.lanesOf(name).send(ctx, name, r); err != nil {
			return err
		}
		defer r.close()
		if version, err = readVersion(r); err != nil {
			return err
		}
		if tasks, err = readTasks(r); err != nil {
			return err
		}
		return r.close()
	})
	return tasks, version, err
}

// readVersion reads the result of GetVersion, 0 for no row.
func readVersion(r *request) (version int64, err error) {
	rows, err := r.next()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if !rows.Next() {
		return 0, rows.Err()
	}
	err = rows.Scan(&version)
	return version, err
}

// PageBytes is how many bytes of text List and Changes keep: up to the task that brings
// them over it, which shows that there are more. What follows is read, for the
// connection's sake, and dropped.
const PageBytes = 1 << 20

// readTasks reads the result of a query that lists tasks, as much of it as PageBytes allows.
func readTasks(r *request) ([]Task, error) {
	rows, err := r.next()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tasks := make([]Task, 0, 8)
	var task Task
	room := PageBytes
	for columns := columnsOf(&task); room >= 0 && rows.Next(); {
		if err := rows.Scan(columns...); err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
		room -= textBytes(&task)
	}
	rows.Close()
	return tasks, rows.Err()
}

// textBytes is how many bytes the texts of a task have that their owner wrote. In JSON they
// are at least as many.
func textBytes(t *Task) int {
	n := len(t.Title)
	if t.Description != nil {
		n += len(*t.Description)
	}
	for _, tag := range t.Tags {
		n += len(tag)
	}
	return n
}

// columnsOf are the destinations of a row of tasks, in the order of the table's columns.
func columnsOf(t *Task) []any {
	return []any{
		&t.UserID, &t.ID, &t.Title, &t.Description, &t.Completed, &t.CreatedAt, &t.UpdatedAt,
		&t.Priority, &t.DueDate, &t.Tags, &t.Version, &t.DueAllDay, &t.LegacyTitle,
	}
}
