package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// faults are kinds of error whose text is short and says nothing of the request. They
// come before what they may be wrapped in.
var faults = []error{db.ErrOutcomeUnknown, db.ErrUnavailable, auth.ErrKeysUnavailable, auth.ErrNoToken, db.ErrNotFound, db.ErrDeleted}

// errorAttrs returns what the log says of an error: as error what was wrong, one of a few
// texts, and beside it as cause what led to that, where there is more to say. Both are
// texts in every line of the log, so that an index takes them.
func errorAttrs(err error) []slog.Attr {
	var refused *auth.Error
	if errors.As(err, &refused) {
		return refused.Attrs()
	}
	what, cause := describe(err)
	attrs := []slog.Attr{slog.String("error", what)}
	if cause = strings.TrimPrefix(cause, what+": "); cause != what {
		attrs = append(attrs, slog.String("cause", cause))
	}
	return attrs
}

func describe(err error) (what, cause string) {
	var quoting quotingError
	var client *clientError
	var invalid invalidError
	var notReady *notReadyError
	var incomplete *db.IncompleteError
	var missing notFoundError
	var precondition *preconditionError
	var constraint *db.ConstraintError
	switch {
	case errors.As(err, &notReady):
		return "not ready: " + notReady.check, err.Error()
	case errors.As(err, &quoting):
		return quoting.logged, quoting.logged
	case errors.As(err, &client):
		return client.detail, client.detail
	case errors.As(err, &invalid):
		return invalid.describe()
	case errors.As(err, &incomplete):
		return "incomplete", err.Error()
	case errors.As(err, &missing), errors.As(err, &precondition), errors.As(err, &constraint):
		return err.Error(), err.Error()
	case errors.Is(err, context.Canceled):
		return "the client left", err.Error()
	}
	for _, fault := range faults {
		if errors.Is(err, fault) {
			return strings.TrimPrefix(fault.Error(), "auth: "), strings.TrimPrefix(err.Error(), "auth: ")
		}
	}
	return "internal error", err.Error()
}

// quotingError is an error whose text has something that the client chose, such as the
// name of a parameter, which may be as private as a title. The log has logged instead.
type quotingError struct {
	error
	logged string
}

func (e quotingError) Unwrap() error { return e.error }

// describe says which rules are broken, but not the names of unknown fields, which the
// client chose.
func (e invalidError) describe() (what, cause string) {
	known := invalidError{}
	for _, field := range e {
		if field.Detail != unknownField {
			known = append(known, field)
		}
	}
	what = fmt.Sprintf("fields are invalid: %d, unknown: %d", len(known), len(e)-len(known))
	return what, cmp.Or(known.Error(), what)
}
