package http

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/uuid"
)

// newID is the client's choice, in the body or as Idempotency-Key, or a new one.
func newID(r *http.Request, chosen *uuid.UUID) (uuid.UUID, error) {
	headers := r.Header.Values("Idempotency-Key")
	switch {
	case len(headers) > 1:
		return uuid.Nil, badRequest("Idempotency-Key: is given more than once")
	case len(headers) == 1:
		id, err := idOfKey(identityOf(r).UserID, headers[0])
		if err == nil && chosen != nil && *chosen != id {
			err = badRequest("Idempotency-Key: differs from the id in the body")
		}
		return id, err
	case chosen != nil:
		return *chosen, nil
	}
	return uuid.NewV7()
}

// keyNamespace is that of the ids which idOfKey makes. It never changes: with another
// one the retry of an older request would make a second task.
var keyNamespace = uuid.MustParse("b7956bab-e65c-42eb-b08e-14cbe8b14b2a")

var (
	visible = regexp.MustCompile(`^[!-~]+$`)
	// quoted is a string of a structured field (RFC 9651, section 3.3.3), and escaped is
	// what stands for a quote or a backslash in it.
	quoted  = regexp.MustCompile(`^"((?:[ !#-\[\]-~]|\\["\\])*)"$`)
	escaped = regexp.MustCompile(`\\(.)`)
)

var ruleKey = fmt.Sprintf("must be 1 to %d visible ASCII characters, with or without the quotes of a structured field (RFC 9651)", maxKey)

// idOfKey returns the id of the task that a user makes under a key: a UUID is the id
// itself, in each of its spellings, and any other key becomes a UUID of version 5 in a
// namespace of the user, so that the same key of two users is two ids.
func idOfKey(user, header string) (uuid.UUID, error) {
	key := header
	if inner := quoted.FindStringSubmatch(header); inner != nil {
		key = escaped.ReplaceAllString(inner[1], "$1")
	} else if header != "" && header[0] == '"' {
		return uuid.Nil, badRequest("Idempotency-Key: " + ruleKey)
	}
	switch {
	case key == "":
		return uuid.Nil, badRequest("Idempotency-Key: is empty")
	case len(key) > maxKey || !visible.MatchString(key):
		return uuid.Nil, badRequest("Idempotency-Key: " + ruleKey)
	case uuid.Validate(key) == nil:
		return uuid.Parse(key)
	}
	return uuid.NewSHA1(uuid.NewSHA1(keyNamespace, []byte(user)), []byte(key)), nil
}
