package http

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"
)

// pattern is a path split at its slashes. A segment in braces is a variable, which any
// segment but an empty one matches. mux's own patterns are regular expressions: matching
// them cost a request more than encoding its reply.
type pattern []string

func newPattern(path string) pattern { return strings.Split(path, "/") }

// matches compares with an encoded path, which may have one slash more at its end.
func (p pattern) matches(path string) bool {
	for _, want := range p {
		segment, rest, _ := strings.Cut(path, "/")
		if segment != want && (segment == "" || !isVariable(want)) {
			return false
		}
		path = rest
	}
	return path == ""
}

func isVariable(segment string) bool { return strings.HasPrefix(segment, "{") }

// matcher is the pattern as mux takes it, with or without a slash at the end of a path.
// It notes the route of the request.
func (rt *route) matcher(trailingSlash bool) mux.MatcherFunc {
	return func(r *http.Request, _ *mux.RouteMatch) bool {
		i := infoOf(r)
		if !rt.pattern.matches(i.path) || !trailingSlash && strings.HasSuffix(i.path, "/") {
			return false
		}
		i.route = rt
		return true
	}
}

// pathValue returns a variable of the path, percent-decoded once.
func pathValue(r *http.Request, name string) string {
	i := infoOf(r)
	path := i.path
	for _, want := range i.route.pattern {
		segment, rest, _ := strings.Cut(path, "/")
		if isVariable(want) && want[1:len(want)-1] == name {
			// net/http has parsed the path, so each escape in it is whole.
			value, _ := url.PathUnescape(segment)
			return value
		}
		path = rest
	}
	return ""
}
