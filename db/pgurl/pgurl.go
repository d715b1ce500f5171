// Package pgurl says what is wrong with the URL of a database before anything connects to
// it. No error has any text of the URL in it, which holds a password.
package pgurl

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/securetodo/securetodo/db/pgerr"
)

// Check returns an error unless text is a URL of PostgreSQL, or keywords with values as
// libpq reads them, that says what its author meant: an unescaped character of a password
// moves the rest of it into the name of the host or of the database, which messages show,
// and a parameter that only other clients know is one that PostgreSQL refuses.
func Check(text string) error {
	rest, isURL := cutScheme(text)
	if isURL {
		if err := checkEscapes(rest); err != nil {
			return err
		}
	} else if scheme, _, found := strings.Cut(text, "://"); found {
		return checkScheme(scheme)
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		if name := culprit(text); name != "" {
			return fmt.Errorf("the value of %s is none that it takes%s", name, valuesOf[name])
		}
		return pgerr.ErrURL
	}
	return checkParameters(config, !isURL || hasParameter(rest, "password"))
}

func cutScheme(text string) (rest string, isURL bool) {
	if rest, isURL = strings.CutPrefix(text, "postgres://"); isURL {
		return rest, true
	}
	return strings.CutPrefix(text, "postgresql://")
}

// checkScheme has the schemes of other libraries.
func checkScheme(scheme string) error {
	switch {
	case strings.HasPrefix(scheme, "jdbc:postgres"):
		return errors.New("is a URL of JDBC: leave jdbc: out, and write user and password before the host, as in " + pgerr.Example)
	case strings.HasPrefix(scheme, "postgresql+"), strings.HasPrefix(scheme, "postgres+"):
		return errors.New("names the driver of another language: leave the + and what follows it out, as in " + pgerr.Example)
	}
	return pgerr.ErrURL
}

// checkEscapes refuses what comes before the host and has a character unescaped that ends
// it too early, as libpq and pgx read it: a user and a password end at the first @, unless
// a slash comes first.
func checkEscapes(rest string) error {
	last := strings.LastIndexByte(rest, '@')
	if last < 0 {
		return nil
	}
	end := strings.IndexAny(rest, "@/")
	wrong := end != last
	for _, part := range strings.Split(rest[:end], ":") {
		if _, err := url.PathUnescape(part); err != nil || strings.Contains(strings.Trim(part, " "), " ") {
			wrong = true
		}
	}
	if !wrong {
		return nil
	}
	var list []string
	for i, r := range rest[:last] {
		_, err := url.PathUnescape(rest[i:min(i+3, len(rest))])
		if strings.ContainsRune("/@?# ", r) || r == '%' && err != nil {
			if said := fmt.Sprintf("%q as %%%02X", r, r); !slices.Contains(list, said) {
				list = append(list, said)
			}
		}
	}
	return fmt.Errorf("has a character that is not escaped, in the password most likely: write %s there, and an @ behind the host as %%40", strings.Join(list, ", "))
}

// query returns the parameters of a URL as they are written.
func query(rest string) (before string, pairs []string) {
	at := strings.IndexByte(rest, '@') + 1
	before, query, found := strings.Cut(rest[at:], "?")
	if !found {
		return rest, nil
	}
	return rest[:at] + before, strings.Split(query, "&")
}

func hasParameter(rest, name string) bool {
	_, pairs := query(rest)
	for _, pair := range pairs {
		if key, _, _ := strings.Cut(pair, "="); key == name {
			return true
		}
	}
	return false
}

// culprit returns the parameter without which a URL could be read, if there is one and it
// is known here.
func culprit(text string) string {
	rest, isURL := cutScheme(text)
	if !isURL {
		return ""
	}
	before, pairs := query(rest)
	for i, pair := range pairs {
		others := append(append([]string{}, pairs[:i]...), pairs[i+1:]...)
		_, err := pgxpool.ParseConfig("postgres://" + before + "?" + strings.Join(others, "&"))
		if key, _, _ := strings.Cut(pair, "="); err == nil && known[key] {
			return key
		}
	}
	return ""
}
