package migration

import (
	"context"
	"fmt"
	"strings"
)

// schema is a database's schema, seen by a program that knows the files.
type schema struct {
	*session
	files folder
}

// runnable refuses to go on from a version that is dirty, with the commands that
// recover it, or newer than this program.
func (s *schema) runnable(ctx context.Context, at state) error {
	if at.version > int(s.files.latest()) {
		return &Error{Kind: Newer, text: fmt.Sprintf("the schema is at version %d, newer than this program's %d: use the release that made it", at.version, s.files.latest())}
	}
	if !at.dirty {
		return nil
	}
	remedy, err := s.remedy(ctx, at)
	if err != nil {
		return err
	}
	return &Error{Kind: Dirty, text: remedy}
}

// remedy says what to run on a dirty version. No other run may be under way.
func (s *schema) remedy(ctx context.Context, at state) (string, error) {
	step, committed, known, err := s.interrupted(ctx)
	if err != nil {
		return "", err
	}
	if !known {
		return s.remedyForUnknown(at.schemaVersion()), nil
	}
	done := committed
	if !done {
		if done, err = s.doneConcurrently(ctx, step); err != nil {
			return "", err
		}
	}
	force, again := step.Version, "todo migrate up"
	if step.Direction == "down" {
		again = "todo migrate status"
	}
	if done == (step.Direction == "down") {
		force = s.files.before(step.Version)
	}
	what := "failed or was killed, and nothing of it was committed"
	if done {
		what = "had been committed when the run was killed"
	}
	left, err := s.remedyForIndexes(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("version %d is dirty: the %s file of migration %d %s. Run `todo migrate force %d`, then `%s`%s",
		at.schemaVersion(), step.Direction, step.Version, what, force, again, left), nil
}

// remedyForUnknown leaves the decision to a person: the version does not say from
// which side it was reached.
func (s *schema) remedyForUnknown(version uint) string {
	fromAbove := ""
	if next := s.files.after(version); next > version {
		fromAbove = fmt.Sprintf(" after an up, `todo migrate force %d` after a down", next)
	}
	return fmt.Sprintf("version %d is dirty: a migration to it failed or was killed half-way, and it was run by another program than this one. Look at the schema: "+
		"if its changes are there, run `todo migrate force %d`; if not, `todo migrate force %d`%s", version, version, s.files.before(version), fromAbove)
}

func (s *schema) remedyForIndexes(ctx context.Context) (string, error) {
	indexes, err := s.invalidIndexes(ctx)
	if err != nil || len(indexes) == 0 {
		return "", err
	}
	var drops []string
	for _, index := range indexes {
		drops = append(drops, "`"+index.Drop+"`")
	}
	return ". An INVALID index is left: the next run of the file that made it drops it, or run " + strings.Join(drops, ", "), nil
}

// doneConcurrently looks in the catalog for what a file without a transaction could
// not record.
func (s *schema) doneConcurrently(ctx context.Context, step Step) (bool, error) {
	name, created := concurrentIndex(s.files.text(step))
	if name == "" {
		return false, nil
	}
	// A DROP that was cut short leaves the index INVALID, which is as good as gone:
	// the version before it then promises nothing that is not there.
	valid, _, err := s.index(ctx, name)
	return valid == created, wrapSessionError(err)
}
