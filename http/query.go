package http

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// filters say which tasks a request is about. A nil one asks for nothing.
type filters struct {
	completed           *bool
	priority            *string
	tags                []string
	search              *string
	dueAfter, dueBefore *time.Time
}

// filterNames are the query parameters that a list and the bulk operations share.
var filterNames = []string{"status", "completed", "priority", "tag", "search", "due_after", "due_before"}

// parameters are a query string of known names, each given once except tag.
type parameters struct{ values url.Values }

// parseQuery reads a query string in which a semicolon is a character like another, as
// RFC 3986 and the WHATWG URL standard have it; url.ParseQuery refuses a raw one.
func parseQuery(raw string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
}

// readParameters returns the query string. What is unreadable, unknown, empty or
// given more than once, is a 400.
func readParameters(r *http.Request, known ...string) (parameters, error) {
	if r.URL.RawQuery == "" {
		return parameters{}, nil
	}
	values, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return parameters{}, badRequest("the query string is unreadable: a % must be written %25 unless two hexadecimal digits follow")
	}
	for name, given := range values {
		switch {
		case name == "":
			return parameters{}, badRequest("a query parameter has no name")
		case !slices.Contains(known, name):
			return parameters{}, quotingError{badRequest(clip(name) + ": unknown query parameter; the known ones are: " + orNone(known)), "unknown query parameter"}
		case len(given) > 1 && name != "tag":
			return parameters{}, badRequest(name + ": is given more than once")
		}
		for _, value := range given {
			switch {
			case value == "" && name != "search": // an empty search box finds everything
				return parameters{}, badRequest(name + ": is empty")
			case !utf8.ValidString(value) || !hasNoNUL(value):
				return parameters{}, badRequest(name + ": must be UTF-8 without the character NUL")
			}
		}
	}
	return parameters{values}, nil
}

func orNone(known []string) string {
	if len(known) == 0 {
		return "none"
	}
	return strings.Join(known, ", ")
}

// get returns a parameter that may be given only once.
func (p parameters) get(name string) (value string, given bool) {
	return p.values.Get(name), p.values.Has(name)
}

// oneOf returns the value of a parameter that has a fixed list of them, standard
// where it is absent.
func (p parameters) oneOf(name, standard string, allowed ...string) (string, error) {
	value, given := p.get(name)
	if !given {
		return standard, nil
	}
	if !slices.Contains(allowed, value) {
		return "", badRequest(name + ": must be one of " + strings.Join(allowed, ", "))
	}
	return value, nil
}

// filters reads filterNames.
func (p parameters) filters() (f filters, err error) {
	if f.completed, err = p.completed(); err != nil {
		return f, err
	}
	priority, err := p.oneOf("priority", "", priorities...)
	if err != nil {
		return f, err
	}
	if priority != "" {
		f.priority = new(priority)
	}
	if f.tags, err = p.tags(); err != nil {
		return f, err
	}
	if search, _ := p.get("search"); search != "" {
		f.search = new(normal(search))
		if !within(*f.search, 1, maxSearch) {
			return f, badRequest("search: " + lengthRule(0, maxSearch))
		}
	}
	if f.dueAfter, err = p.time("due_after"); err != nil {
		return f, err
	}
	f.dueBefore, err = p.time("due_before")
	return f, err
}

// sort reads the order of a list, the first of sorts where none is asked for.
func (p parameters) sort() (sortOrder, error) {
	name, err := p.oneOf("sort", sortNames[0], sortNames...)
	return sorts[max(0, slices.Index(sortNames, name))], err
}

// tags reads the tags that a task must have, all of them.
func (p parameters) tags() ([]string, error) {
	given := p.values["tag"]
	if len(given) > maxTags {
		return nil, badRequest(fmt.Sprintf("tag: may be given at most %d times, as a task has no more", maxTags))
	}
	tags := []string{}
	for _, tag := range given {
		tag = normal(tag)
		if !within(tag, 1, maxTag) {
			return nil, badRequest("tag: " + lengthRule(1, maxTag))
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// completed reads status and completed, which say the same.
func (p parameters) completed() (*bool, error) {
	status, err := p.oneOf("status", "", "all", "pending", "completed")
	if err != nil {
		return nil, err
	}
	completed, err := p.oneOf("completed", "", "true", "false")
	switch {
	case err != nil:
		return nil, err
	case status != "" && completed != "":
		return nil, badRequest("status and completed cannot be used together")
	case status == "completed" || completed == "true":
		return new(true), nil
	case status == "pending" || completed == "false":
		return new(false), nil
	}
	return nil, nil
}

func (p parameters) time(name string) (*time.Time, error) {
	value, given := p.get(name)
	if !given {
		return nil, nil
	}
	t, ok := parseTime(value)
	if !ok {
		return nil, unreadable(name, value, "must be a time like 2026-12-01T09:00:00Z or a date like 2026-12-01", func(s string) bool { _, ok := parseTime(s); return ok })
	}
	return &t, nil
}

// unreadable is a 400 for a value that breaks its rule. In a query string a + stands for
// a space: where the value is valid with + for its spaces, the message says so instead.
func unreadable(name, value, rule string, valid func(string) bool) error {
	if plus := strings.ReplaceAll(value, " ", "+"); plus != value && valid(plus) {
		rule = "write + as %2B, since a query string has + for a space: " + strings.ReplaceAll(value, " ", "%2B")
	}
	return badRequest(name + ": " + rule)
}

// number reads a whole number from 1 to most, which is also the standard.
func (p parameters) number(name string, most int) (int, error) {
	value, given := p.get(name)
	if !given {
		return most, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most || strconv.Itoa(n) != value {
		return 0, badRequest(name + ": must be a whole number from 1 to " + strconv.Itoa(most))
	}
	return n, nil
}

// empty reports whether the filters let every task pass.
func (f filters) empty() bool {
	return f.completed == nil && f.priority == nil && len(f.tags) == 0 && f.search == nil && f.dueAfter == nil && f.dueBefore == nil
}
