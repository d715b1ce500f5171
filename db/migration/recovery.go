package migration

import (
	"context"
	"fmt"
	"strings"
)

// runnable refuses to go on from a version that is dirty, with the commands that
// recover it, or newer than this program.
func (t *target) runnable(ctx context.Context, at state) error {
	if at.version > int(t.files.latest()) {
		return &Error{Kind: Newer, text: fmt.Sprintf("the schema is at version %d, newer than this program's %d: use the release that made it", at.version, t.files.latest())}
	}
	if !at.dirty {
		return nil
	}
	remedy, err := t.remedy(ctx, at)
	if err != nil {
		return err
	}
	return &Error{Kind: Dirty, text: remedy}
}

// remedy says what to run on a dirty version. No other run may be under way.
func (t *target) remedy(ctx context.Context, at state) (string, error) {
	step, committed, known, err := t.interrupted(ctx)
	if err != nil {
		return "", err
	}
	if !known {
		return t.remedyForUnknown(at.schemaVersion()), nil
	}
	done := committed
	if !done {
		if done, err = t.doneConcurrently(ctx, step); err != nil {
			return "", err
		}
	}
	force, again := step.Version, "todo migrate up"
	if step.Direction == "down" {
		again = "todo migrate status"
	}
	if done == (step.Direction == "down") {
		force = t.files.before(step.Version)
	}
	what := "failed or was killed, and nothing of it was committed"
	if done {
		what = "had been committed"
	}
	left, err := t.remedyForIndexes(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("version %d is dirty: the %s file of migration %d %s. Run `todo migrate force %d`, then `%s`%s",
		at.schemaVersion(), step.Direction, step.Version, what, force, again, left), nil
}

// remedyForUnknown leaves the decision to a person: the version does not say from
// which side it was reached.
func (t *target) remedyForUnknown(version uint) string {
	fromAbove := ""
	if next := t.files.after(version); next > version {
		fromAbove = fmt.Sprintf(" after an up, `todo migrate force %d` after a down", next)
	}
	return fmt.Sprintf("version %d is dirty: a migration to it failed or was killed half-way, and it was run by another program than this one. Look at the schema: "+
		"if its changes are there, run `todo migrate force %d`; if not, `todo migrate force %d`%s", version, version, t.files.before(version), fromAbove)
}

func (t *target) remedyForIndexes(ctx context.Context) (string, error) {
	indexes, err := t.invalidIndexes(ctx)
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
func (t *target) doneConcurrently(ctx context.Context, step Step) (bool, error) {
	name, created := concurrentIndex(t.files.text(step))
	if name == "" {
		return false, nil
	}
	// A DROP that was cut short leaves the index INVALID, which is as good as gone:
	// the version before it then promises nothing that is not there.
	valid, _, err := t.index(ctx, name)
	return valid == created, wrapSessionError(err)
}
