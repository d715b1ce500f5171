package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkForm refuses the variables with something in them that nobody meant to be part of
// the value. To leave it out silently would hide that the value differs from the issuer's
// or the database's own.
func checkForm(found *problems) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		name := field.Tag.Get("env")
		found.add(name, oddity(os.Getenv(name), name == secretVariable, field.Type.Kind() == reflect.Slice))
	}
}

// oddity says what is odd about a value, without any of it. Spaces around the members of a
// list are not. A secret may have any character within, and a quote at one end.
func oddity(value string, isSecret, isList bool) error {
	if value == "" {
		return nil
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	space := func(r rune) bool { return unicode.IsSpace(r) && !(isList && r == ' ') }
	switch {
	case !utf8.ValidString(value) && !isSecret:
		return errors.New("is not valid UTF-8")
	case strings.HasSuffix(value, "\r\n"), last == '\r':
		return errors.New("ends with a carriage return: was it read from a file with Windows line ends? Set it without")
	case last == '\n':
		return errors.New("ends with a line feed: was it made with echo, or read from a file whose last line ends? Set it without, as `printf %s` and \"$(cat file)\" do")
	case space(first):
		return fmt.Errorf("begins with %s: set it without", nameOf(first))
	case space(last):
		return fmt.Errorf("ends with %s: set it without", nameOf(last))
	case isQuote(first) && isQuote(last) && utf8.RuneCountInString(value) > 1:
		return errors.New("is in quotes, which count as part of it: env files of Docker and manifests keep them. Set it without")
	case isQuote(first) && !isSecret:
		return errors.New("begins with a quote, which counts as part of it: set it without")
	}
	for _, r := range value {
		switch {
		case isInvisible(r) && (!isSecret || r == first || r == last):
			return fmt.Errorf("has an invisible character (%U), as pasted text may have: type it anew", r)
		case unicode.IsControl(r) && !isSecret:
			return fmt.Errorf("has %s within: set it without", nameOf(r))
		}
	}
	return nil
}

func isQuote(r rune) bool { return strings.ContainsRune("\"'`“”„‘’«»", r) }

// isInvisible reports whether r is a character that takes no room, such as a byte order
// mark or a zero width space.
func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

func nameOf(r rune) string {
	switch r {
	case ' ':
		return "a space"
	case '\t':
		return "a tab"
	case '\n':
		return "a line feed"
	case '\r':
		return "a carriage return"
	}
	if unicode.IsControl(r) {
		return fmt.Sprintf("a control character (%U)", r)
	}
	return fmt.Sprintf("a space of another kind (%U)", r)
}
