package migration

import (
	"context"
	"fmt"
	"time"
)

// Status is where a schema stands.
type Status struct {
	Version uint `json:"version"`
	Dirty   bool `json:"dirty"`
	// Latest is the newest version that this program knows.
	Latest     uint      `json:"latest"`
	Migrations []Applied `json:"migrations"`
	// InvalidIndexes are what killed CREATE INDEX CONCURRENTLY left.
	InvalidIndexes []InvalidIndex `json:"invalid_indexes"`
	// Running is the run that holds the lock, if any.
	Running *Run `json:"running"`
}

// Applied is one migration that this program knows, and whether it is applied.
type Applied struct {
	Version uint   `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
	// AppliedAt is nil where another program applied it.
	AppliedAt *time.Time `json:"applied_at"`
}

// Pending is the number of migrations that are not applied.
func (s *Status) Pending() (n int) {
	for _, row := range s.Migrations {
		if !row.Applied {
			n++
		}
	}
	return n
}

func (t *target) status(ctx context.Context) (*Status, error) {
	at, err := t.state(ctx)
	if err != nil {
		return nil, err
	}
	times, err := t.appliedAt(ctx)
	if err != nil {
		return nil, err
	}
	status := &Status{Version: at.schemaVersion(), Dirty: at.dirty, Latest: t.files.latest()}
	for _, file := range t.files {
		row := Applied{Version: file.Version, Name: file.Name, Applied: at.applied(file)}
		if when, ok := times[file.Version]; ok && row.Applied {
			row.AppliedAt = &when
		}
		status.Migrations = append(status.Migrations, row)
	}
	if status.Running, err = t.holder(ctx); err != nil {
		return nil, wrapSessionError(err)
	}
	if status.InvalidIndexes, err = t.invalidIndexes(ctx); err != nil {
		return nil, err
	}
	if at.dirty && status.Running != nil {
		return status, &Error{Kind: Locked, text: fmt.Sprintf("%s is at work on version %d: wait for it", status.Running, status.Version)}
	}
	return status, t.runnable(ctx, at)
}

// plan is the files that are not applied yet.
func (t *target) plan(ctx context.Context) ([]File, error) {
	at, err := t.state(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.runnable(ctx, at); err != nil {
		return nil, err
	}
	var files []File
	for _, file := range t.files {
		if !at.applied(file) {
			files = append(files, file)
		}
	}
	return files, nil
}
