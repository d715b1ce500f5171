package db

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Place is a place in the order of a user's changes: behind the one with this number
// and id. The zero value is before all.
type Place struct {
	Version int64
	ID      uuid.UUID
}

// NoPlace is behind every change.
var NoPlace = Place{math.MaxInt64, uuid.Max}

// PlaceOf is the place of a task. The release before the counter did not count: what it
// wrote last has its time as its number.
func PlaceOf(t Task) Place { return Place{max(t.Version, t.UpdatedAt.UnixMilli()), t.ID} }

// Changes are a page of a user's changes, as one snapshot sees them. Of the tasks there are
// as many as PageBytes allows.
type Changes struct {
	// Counter is nil for a user who never wrote, or was erased.
	Counter *GetCounterRow
	Tasks   []Task
	Deleted []ListDeletionsRow
}

// Changes reads, in one round trip, the user's counter, and up to limit tasks and
// limit deletions behind two places.
func (p *Pool) Changes(ctx context.Context, userID string, tasks, deletions Place, limit int) (Changes, error) {
	var changes Changes
	err := p.retry(ctx, newTries(false, false), func(suffix string) (err error) {
		changes, err = p.changes(ctx, suffix, userID, tasks, deletions, limit)
		return err
	})
	return changes, err
}

func (p *Pool) changes(ctx context.Context, suffix, userID string, tasks, deletions Place, limit int) (changes Changes, err error) {
	r := &request{
		settings: settings{userID: userID, snapshot: true},
		queries: []query{
			{getCounter + suffix, []any{userID}},
			{listChanges + suffix, []any{userID, tasks.Version, time.UnixMilli(min(tasks.Version, maxMilliseconds)), tasks.ID, int32(limit)}},
			{listDeletions + suffix, []any{userID, deletions.Version, deletions.ID, int32(limit)}},
		},
	}
	if err := p.heavy.send(ctx, queryName(listChanges), r); err != nil {
		return changes, err
	}
	defer r.close()
	if changes, err = readChanges(r); err != nil {
		return changes, err
	}
	return changes, r.close()
}

// maxMilliseconds is the year 9999, behind which PostgreSQL knows times that no task has.
const maxMilliseconds = 253402300799000

func readChanges(r *request) (changes Changes, err error) {
	if changes.Counter, err = readCounter(r); err != nil {
		return changes, err
	}
	if changes.Tasks, err = readTasks(r); err != nil {
		return changes, err
	}
	rows, err := r.next()
	if err != nil {
		return changes, err
	}
	changes.Deleted, err = pgx.CollectRows(&rows, pgx.RowToStructByPos[ListDeletionsRow])
	return changes, err
}

// readCounter reads the result of GetCounter, nil for no row.
func readCounter(r *request) (*GetCounterRow, error) {
	rows, err := r.next()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	var counter GetCounterRow
	err = rows.Scan(&counter.Version, &counter.ForgottenVersion, &counter.CreatedAt)
	return &counter, err
}
