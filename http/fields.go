package http

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// fields are the writable fields of a task in a request. A nil one was not there;
// description may be there and null.
type fields struct {
	id               *uuid.UUID
	title            *string
	descriptionGiven bool
	description      *string
	completed        *bool
}

// readOnly are the server's own fields: frontends send whole tasks back.
var readOnly = []string{"user_id", "version", "created_at", "updated_at"}

// decodeFields reads the fields that an operation writes, and ignores the server's
// own. The error names every field that is unknown or breaks its rule.
func decodeFields(body []byte, writable ...string) (fields, error) {
	var f fields
	members, err := decodeObject(body)
	if err != nil {
		return f, err
	}
	var invalid invalidError
	for _, m := range members {
		var broken string
		switch {
		case slices.Contains(writable, m.name):
			broken = f.set(m)
		case slices.Contains(readOnly, m.name), m.name == "id":
			continue
		default:
			broken = "is not a field that can be set here"
		}
		if broken != "" {
			invalid = append(invalid, fieldError{jsontext.Pointer("").AppendToken(m.name), broken})
		}
	}
	if invalid != nil {
		return f, invalid
	}
	return f, nil
}

// set stores a member and returns the rule that it breaks, "" for none.
func (f *fields) set(m member) (broken string) {
	switch m.name {
	case "id":
		id, ok := parseID(text(m.value))
		f.id = &id
		return unless(ok, "must be a UUID")
	case "title":
		if m.value.Kind() != '"' {
			return "must be a string"
		}
		title := strings.TrimSpace(text(m.value))
		f.title = &title
		return firstOf(checkNUL(title), unless(title != "" && utf8.RuneCountInString(title) <= 255, "must have 1 to 255 characters"))
	case "description":
		f.descriptionGiven = true
		if m.value.Kind() == 'n' {
			return ""
		}
		if m.value.Kind() != '"' {
			return "must be a string or null"
		}
		description := text(m.value)
		f.description = &description
		return firstOf(checkNUL(description), unless(utf8.RuneCountInString(description) <= 1000, "must have at most 1,000 characters"))
	case "completed":
		completed := m.value.Kind() == 't'
		f.completed = &completed
		return unless(completed || m.value.Kind() == 'f', "must be true or false")
	}
	return "cannot be set"
}

// text returns a JSON string's value, "" of anything else.
func text(value jsontext.Value) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// checkNUL refuses the one character that PostgreSQL's text cannot hold.
func checkNUL(s string) string {
	return unless(!strings.ContainsRune(s, 0), "must not contain the character NUL")
}

func unless(ok bool, broken string) string {
	if ok {
		return ""
	}
	return broken
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// parseID reads a UUID in the 36 characters of RFC 9562, section 4, and in no
// other of the forms that uuid.Parse takes.
func parseID(s string) (uuid.UUID, bool) {
	if len(s) != 36 {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}
