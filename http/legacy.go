package http

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/securetodo/securetodo/db"
)

// A rule that is new holds for new values. What an earlier release stored goes on, also
// in a request: frontends send whole tasks back to change one field of them.

// legacyValue is the value of a field that breaks a rule which an earlier release did
// not have.
type legacyValue struct {
	field  string
	stored func(db.Task) bool // whether a task has just this value
	leave  func(*fields)      // has the request leave the field as it is
}

// wasAllowed reports whether a text kept the rules of the releases before texts were
// brought into their normal form, and titles had to be visible.
func wasAllowed(given string, least, most int) bool {
	return hasNoNUL(given) && within(given, least, most)
}

func legacyTitle(given string) legacyValue {
	return legacyValue{"title", func(t db.Task) bool { return t.Title == given }, func(f *fields) { f.title = nil }}
}

func legacyDescription(given string) legacyValue {
	return legacyValue{
		"description", func(t db.Task) bool { return t.Description != nil && *t.Description == given },
		func(f *fields) { f.description, f.descriptionGiven = nil, false },
	}
}

func legacyTags(given []string) legacyValue {
	return legacyValue{"tags", func(t db.Task) bool { return slices.Equal(t.Tags, given) }, func(f *fields) { f.tags = nil }}
}

// keepLegacy has an update leave a field as it is where all that is wrong with its value
// is that the task has it from an earlier release. Whatever else is invalid remains so.
func (s *server) keepLegacy(r *http.Request, t target, invalid invalidError) (target, error) {
	// A task that does not exist, or must not, has no value to keep.
	if t.readHead(r) != nil || t.mustNotExist {
		return t, invalid
	}
	row, err := s.db.As(t.identity.UserID).GetTask(r.Context(), db.GetTaskParams{UserID: t.identity.UserID, ID: t.id})
	if errors.Is(err, db.ErrNotFound) {
		return t, invalid
	} else if err != nil {
		return t, err
	}
	for _, legacy := range t.fields.legacy {
		if legacy.stored(row) {
			legacy.leave(&t.fields)
			invalid = slices.DeleteFunc(invalid, func(e fieldError) bool {
				field, _, _ := strings.Cut(strings.TrimPrefix(string(e.Pointer), "/"), "/")
				return field == legacy.field
			})
		}
	}
	if len(invalid) > 0 {
		return t, invalid
	}
	return t, nil
}
