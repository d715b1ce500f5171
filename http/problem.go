package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// outcomeUnknown is the one 503 that no client should answer by sending the same again.
const outcomeUnknown = "outcome-unknown"

// retryAfter is the Retry-After of a 503, in seconds, unless the cause knows better.
const retryAfter = 2

// handler writes a reply, or returns the error that is to become one.
type handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP makes a handler an http.Handler. Here alone an error becomes a problem
// document.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		infoOf(r).err = err
		writeProblem(w, r, err)
	}
}

// problem is a problem document (RFC 9457). Type is Config.PublicURL, /problems/ and a slug; Detail
// is for a person; Errors says what is wrong where in the body.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Errors    []fieldError   `json:"errors,omitempty"`
	Current   jsontext.Value `json:"current,omitempty"` // the task as it is now, of a 412
	RequestID string         `json:"request_id"`
}

// fieldError is a broken rule. Pointer is a JSON Pointer into the body (RFC 6901).
type fieldError struct {
	Pointer jsontext.Pointer `json:"pointer"`
	Detail  string           `json:"detail"`
}

// clientError is a problem that the request itself causes.
type clientError struct {
	status int
	slug   string
	detail string
}

func (e *clientError) Error() string { return e.detail }

func badRequest(detail string) error {
	return &clientError{http.StatusBadRequest, "bad-request", detail}
}

var (
	errForbidden = &clientError{http.StatusForbidden, "forbidden", "the token is for another user than the path"}
	errMethod    = &clientError{http.StatusMethodNotAllowed, "method-not-allowed", "the method is not allowed here; the Allow header lists those that are"}
	errDeleted   = &clientError{http.StatusConflict, "deleted", "there was a task of this id, and it was deleted; PUT with If-None-Match: * brings it back"}
	errTooLarge  = &clientError{http.StatusRequestEntityTooLarge, "content-too-large", "the body is larger than " + kibibytes(maxBody)}
	errMediaType = &clientError{http.StatusUnsupportedMediaType, "unsupported-media-type", "the body must be JSON in UTF-8, sent uncompressed and with Content-Type: application/json"}

	// What an empty variable in a client's URL leads to.
	errMethodOfSlash = &clientError{errMethod.status, errMethod.slug, errMethod.detail + "; the path ends in a slash: is an id missing there?"}
	errEmptySegment  = &clientError{http.StatusNotFound, "not-found", "there is no such path: it has an empty segment, so a variable of the URL may be empty"}
)

// notFoundError says of what kind of resource there is none, in a word for a person:
// "task". It is a db.ErrNotFound.
type notFoundError struct{ resource string }

func (e notFoundError) Error() string        { return "there is no such " + e.resource }
func (e notFoundError) Is(target error) bool { return target == db.ErrNotFound }

var (
	errNoPath = notFoundError{"path"}
	errNoTask = notFoundError{"task"}
)

// naming tells a query's db.ErrNotFound which resource it is about: to the database
// they are all alike.
func naming(resource notFoundError, err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return resource
	}
	return err
}

// preconditionError is a 412 with the task that does not fulfil the precondition, and a
// sentence for a person that says which and how.
type preconditionError struct {
	detail  string
	current jsontext.Value
}

func (e *preconditionError) Error() string { return e.detail }

// invalidError is a body that is JSON but whose fields break rules.
type invalidError []fieldError

func (e invalidError) Error() string {
	details := make([]string, len(e))
	for i, field := range e {
		details[i] = strings.TrimPrefix(string(field.Pointer), "/") + ": " + field.Detail
	}
	return strings.Join(details, "; ")
}

// problemOf is the one table from errors to statuses.
func problemOf(err error) problem {
	var client *clientError
	var invalid invalidError
	var constraint *db.ConstraintError
	var refused *auth.Error
	var notReady *notReadyError
	var missing notFoundError
	var precondition *preconditionError
	var incomplete *db.IncompleteError
	switch {
	case errors.As(err, &notReady):
		return problem{Status: http.StatusServiceUnavailable, Type: "unavailable", Detail: "not ready: " + notReady.check}
	case errors.As(err, &client):
		return problem{Status: client.status, Type: client.slug, Detail: client.detail}
	case errors.As(err, &precondition):
		return problem{Status: http.StatusPreconditionFailed, Type: "precondition-failed", Detail: precondition.detail, Current: precondition.current}
	case errors.Is(err, db.ErrDeleted):
		return problem{Status: errDeleted.status, Type: errDeleted.slug, Detail: errDeleted.detail}
	case errors.As(err, &invalid):
		return problem{Status: http.StatusUnprocessableEntity, Type: "validation", Detail: invalid.Error(), Errors: invalid}
	case errors.As(err, &constraint):
		return problem{Status: http.StatusUnprocessableEntity, Type: "validation", Detail: "a field violates the constraint " + constraint.Constraint}
	case errors.Is(err, auth.ErrNoToken):
		return problem{Status: http.StatusUnauthorized, Type: "unauthorized", Detail: "the request carries no bearer token"}
	case errors.As(err, &refused):
		return problem{Status: http.StatusUnauthorized, Type: "unauthorized", Detail: string(refused.Reason)}
	case errors.As(err, &missing):
		return problem{Status: http.StatusNotFound, Type: "not-found", Detail: missing.Error()}
	case errors.Is(err, db.ErrNotFound):
		return problem{Status: http.StatusNotFound, Type: "not-found", Detail: notFoundError{"resource"}.Error()}
	case errors.Is(err, db.ErrOutcomeUnknown):
		return problem{Status: http.StatusServiceUnavailable, Type: outcomeUnknown, Detail: "the database did not answer in time, so the change may have been made or not; look before you try again"}
	case errors.As(err, &incomplete):
		return problem{Status: http.StatusServiceUnavailable, Type: "incomplete", Detail: fmt.Sprintf("the request took too long and broke off after %d tasks, which are done; send it again for the rest", incomplete.Done)}
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, auth.ErrKeysUnavailable), errors.Is(err, context.Canceled):
		return problem{Status: http.StatusServiceUnavailable, Type: "unavailable", Detail: "the service is unavailable at the moment; please try again"}
	default:
		return problem{Status: http.StatusInternalServerError, Type: "internal", Detail: "something went wrong on the server"}
	}
}

func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	for _, name := range ofTheReply {
		delete(w.Header(), name)
	}
	p := problemOf(err)
	switch {
	case p.Status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", challenge(err))
	case p.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterOf(err)))
	case p.Status == http.StatusServiceUnavailable && p.Type != outcomeUnknown:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterOf(err)))
	}
	infoOf(r).problem = p.Type
	p.Type = infoOf(r).base + "/problems/" + p.Type
	p.Title = titleOf(p.Status)
	p.RequestID = infoOf(r).requestID
	body, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Errorf("a problem document that is no JSON: %w", err))
	}
	write(w, p.Status, "application/problem+json", body)
}

// ofTheReply are the headers that tell of a reply which became a problem instead.
var ofTheReply = []string{"Content-Disposition", "Content-Encoding", "Etag", "Link"}

// titleOf is the name of a status in RFC 9110; net/http has older ones for two.
func titleOf(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}

// challenge returns the WWW-Authenticate of a 401 (RFC 6750, section 3).
func challenge(err error) string {
	var refused *auth.Error
	if errors.As(err, &refused) {
		return fmt.Sprintf(`Bearer error="invalid_token", error_description="%s"`, refused.Reason)
	}
	return "Bearer"
}

// retryAfterOf returns the Retry-After of a 429 or 503, in whole seconds.
func retryAfterOf(err error) int {
	if limited, ok := errors.AsType[*limitedError](err); ok {
		return limited.retryAfter
	}
	var keys *auth.UnavailableError
	var budget *overBudgetError
	if errors.Is(err, errStreams) {
		return 30
	}
	if errors.As(err, &budget) {
		return budget.budget.retryAfter
	}
	if errors.As(err, &keys) {
		return max(1, int(keys.RetryAfter.Seconds()+0.999))
	}
	return retryAfter
}
