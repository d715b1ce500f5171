package http

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// publicPath is what the path of a public URL may be: it stands in headers, in the
// contract and in a pattern of it, none of which then has to escape anything.
var publicPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// ParsePublicURL checks the base URL under which clients reach the API through a proxy
// that strips a prefix off the path, such as https://example.com/todo, and returns it
// with its host as browsers write it. An error does not have the value in it.
func ParsePublicURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo")
	case u.User != nil:
		return "", errors.New("must have no user and no password")
	case strings.Contains(s, "?"):
		return "", errors.New("must have no query")
	case strings.Contains(s, "#"):
		return "", errors.New("must have no fragment")
	case strings.HasSuffix(s, "/"):
		return "", errors.New("must not end in a slash")
	}
	segments := strings.Split(u.EscapedPath(), "/")
	if !publicPath.MatchString(u.EscapedPath()) || slices.Contains(segments, ".") || slices.Contains(segments, "..") {
		return "", errors.New("must have a path of letters, digits, -, ., _ and ~ between single slashes, or none")
	}
	origin, err := ParseOrigin(u.Scheme + "://" + u.Host)
	if err != nil || strings.Contains(origin, "*") {
		return "", errors.New("must have a host that is a name or an address")
	}
	return origin + u.EscapedPath(), nil
}
