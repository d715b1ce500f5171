package http

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

var priorities = []string{"low", "medium", "high"}

// writable are the fields of a task that a client sets, beside the id at creation.
var writable = []string{"title", "description", "completed", "priority", "due_date", "tags"}

var writableAtCreation = append([]string{"id"}, writable...)

// readOnly are the server's own fields: frontends send whole tasks back.
var readOnly = []string{"id", "user_id", "version", "created_at", "updated_at"}

// fields are the writable fields of a task in a request. A nil one was absent;
// description and due_date may be present and null.
type fields struct {
	id               *uuid.UUID
	title            *string
	descriptionGiven bool
	description      *string
	completed        *bool
	priority         *string
	dueDateGiven     bool
	dueDate          *time.Time
	dueAllDay        bool
	tags             []string
	// legacy are values that break a rule of today, but none of earlier releases.
	legacy []legacyValue
}

// The messages for fields that break a rule.
const (
	unknownField = "is not a field that can be set here"
	ruleNUL      = "must not contain the character NUL"
	ruleControl  = "must not contain control characters, such as a line break or a tab"
	ruleVisible  = "must have a character that can be seen"
)

var (
	ruleTitle       = lengthRule(1, maxTitle)
	ruleDescription = lengthRule(0, maxDescription)
	ruleTags        = fmt.Sprintf("must have at most %d tags", maxTags)
	ruleTag         = "must be a string of " + characters(1, maxTag) + " without NUL"
)

// decodeFields reads the fields that an operation writes, and ignores the server's
// own. The error names the fields that are unknown or break a rule, maxFieldErrors at
// most.
func decodeFields(body []byte, writable ...string) (fields, error) {
	var f fields
	members, err := decodeObject(body)
	if err != nil {
		return f, err
	}
	var invalid invalidError
	for _, m := range members {
		if len(invalid) >= maxFieldErrors {
			break
		}
		switch {
		case slices.Contains(writable, m.name):
			invalid = append(invalid, f.set(m)...)
		case !slices.Contains(readOnly, m.name):
			invalid = append(invalid, fieldError{pointerTo(clip(m.name)), unknownField})
		}
	}
	if len(invalid) >= maxFieldErrors {
		f.legacy = nil // not every field was read
	}
	if len(invalid) > 0 {
		return f, invalid[:min(len(invalid), maxFieldErrors)]
	}
	return f, nil
}

// set stores a member and returns the rules that it breaks.
func (f *fields) set(m member) invalidError {
	kind := m.value.Kind()
	broken := func(ok bool, rule string) invalidError {
		if ok {
			return nil
		}
		return invalidError{{pointerTo(m.name), rule}}
	}
	switch m.name {
	case "id":
		id, ok := parseID(text(m.value))
		f.id = &id
		return broken(ok, "must be a UUID")
	case "title":
		given := strings.TrimSpace(text(m.value))
		title := normal(given)
		f.title = &title
		invalid := either(broken(kind == '"', "must be a string"), broken(hasNoNUL(title), ruleNUL), broken(within(title, 1, maxTitle), ruleTitle),
			broken(hasNoControl(title), ruleControl), broken(isVisible(title), ruleVisible))
		if invalid != nil && wasAllowed(given, 1, maxTitle) {
			f.legacy = append(f.legacy, legacyTitle(given))
		}
		return invalid
	case "description":
		f.descriptionGiven = true
		if kind == 'n' {
			return nil
		}
		given := text(m.value)
		description := normal(given)
		f.description = &description
		invalid := either(broken(kind == '"', "must be a string or null"), broken(hasNoNUL(description), ruleNUL), broken(within(description, 0, maxDescription), ruleDescription))
		if invalid != nil && kind == '"' && wasAllowed(given, 0, maxDescription) {
			f.legacy = append(f.legacy, legacyDescription(given))
		}
		return invalid
	case "completed":
		completed := kind == 't'
		f.completed = &completed
		return broken(completed || kind == 'f', "must be true or false")
	case "priority":
		priority := text(m.value)
		f.priority = &priority
		return broken(slices.Contains(priorities, priority), "must be low, medium or high")
	case "due_date":
		f.dueDateGiven = true
		if kind == 'n' {
			return nil
		}
		given := text(m.value)
		due, ok := parseTime(given)
		f.dueDate, f.dueAllDay = &due, isDay(given)
		return broken(ok, "must be null, a time like 2026-12-01T09:00:00Z or a date like 2026-12-01, from year 1 to 9999")
	case "tags":
		return f.setTags(pointerTo(m.name), m.value)
	}
	panic("a writable field that set does not know: " + m.name)
}

// setTags keeps the order of the tags and drops later duplicates, other spellings of a
// tag included.
func (f *fields) setTags(pointer jsontext.Pointer, value jsontext.Value) (invalid invalidError) {
	var values []jsontext.Value
	if value.Kind() != '[' || json.Unmarshal(value, &values) != nil {
		return invalidError{{pointer, "must be an array of strings"}}
	}
	if len(values) > maxTags {
		return invalidError{{pointer, ruleTags}}
	}
	f.tags = []string{}
	var legacy []string
	for i, value := range values {
		given := text(value)
		tag := normal(given)
		if value.Kind() != '"' || !within(tag, 1, maxTag) || !hasNoNUL(tag) {
			invalid = append(invalid, fieldError{pointer.AppendToken(strconv.Itoa(i)), ruleTag})
		} else if !slices.Contains(f.tags, tag) {
			f.tags = append(f.tags, tag)
		}
		if wasAllowed(given, 1, maxTag) {
			legacy = append(legacy, given)
		}
	}
	if invalid != nil && len(legacy) == len(values) {
		f.legacy = append(f.legacy, legacyTags(legacy))
	}
	return invalid
}

func pointerTo(member string) jsontext.Pointer {
	return jsontext.Pointer("").AppendToken(member)
}

// clip makes a name that a client chose valid UTF-8 and short enough to repeat.
func clip(name string) string {
	name = strings.ToValidUTF8(name, "\ufffd")
	if within(name, 0, maxEchoedName) {
		return name
	}
	return string([]rune(name)[:maxEchoedName]) + "…"
}

// hasNoNUL reports whether PostgreSQL's text can hold a string.
func hasNoNUL(s string) bool { return !strings.ContainsRune(s, 0) }

// either returns the first rule that is broken.
func either(checks ...invalidError) invalidError {
	for _, broken := range checks {
		if broken != nil {
			return broken
		}
	}
	return nil
}

// text returns the value of a valid JSON string, "" of anything else.
func text(value jsontext.Value) string {
	switch {
	case value.Kind() != '"':
		return ""
	case bytes.IndexByte(value, '\\') < 0:
		return string(value[1 : len(value)-1])
	}
	unquoted, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(unquoted)
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
