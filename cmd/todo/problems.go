package main

import (
	"errors"
	"slices"
	"strings"
)

// problems is what is wrong with the configuration, all of it, at most one line for each
// variable. No line has any of a value in it.
type problems struct{ lines, names []string }

// add adds what is wrong with a variable, if err is not nil, and nothing is said of that
// variable yet.
func (p *problems) add(name string, err error) {
	if err != nil && !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
		p.lines = append(p.lines, name+": "+strings.TrimPrefix(err.Error(), "auth: "))
	}
}

// addIf is add with a text, where wrong is true.
func (p *problems) addIf(wrong bool, name, text string) {
	if wrong {
		p.add(name, errors.New(text))
	}
}

// addLine adds what is not about one variable.
func (p *problems) addLine(text string) { p.lines = append(p.lines, text) }

// err is nil if there are none.
func (p *problems) err() error {
	if len(p.lines) == 0 {
		return nil
	}
	return &configError{p.lines}
}

// configError is all that is wrong with the configuration.
type configError struct{ lines []string }

// Error is one line.
func (e *configError) Error() string { return strings.Join(e.lines, "; ") }

// linesOf returns what to print of an error: a line for each problem of a configuration.
func linesOf(err error) []string {
	if wrong, ok := errors.AsType[*configError](err); ok {
		return wrong.lines
	}
	return []string{err.Error()}
}
