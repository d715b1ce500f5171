package http

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// page is HTML and the Content-Security-Policy under which it is served.
type page struct {
	html   []byte
	policy string
}

func (p page) write(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", p.policy)
	write(w, http.StatusOK, "text/html; charset=utf-8", p.html)
}

// inlines finds the scripts and styles that stand in a page itself.
var inlines = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)

// newPage makes the policy (Content Security Policy Level 3) for a page: its inline
// scripts and styles, by hash, and what ownOrigin lists of its origin, such as
// "script-src". Nothing else runs, is loaded, is connected to or may frame it.
func newPage(html []byte, ownOrigin ...string) page {
	sources := map[string][]string{"img-src": {"data:"}}
	for _, directive := range ownOrigin {
		sources[directive] = append(sources[directive], "'self'")
	}
	for _, inline := range inlines.FindAllSubmatch(html, -1) {
		sum := sha256.Sum256(inline[2])
		directive := string(inline[1]) + "-src"
		sources[directive] = append(sources[directive], "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	policy := "default-src 'none'"
	for _, directive := range []string{"script-src", "style-src", "img-src", "connect-src"} {
		if len(sources[directive]) > 0 {
			policy += "; " + directive + " " + strings.Join(sources[directive], " ")
		}
	}
	return page{html, policy + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}

// render makes a page of what a handler replies to a GET of the path.
func render(h http.Handler, path string) (page, error) {
	r, err := http.NewRequest(http.MethodGet, path, http.NoBody)
	if err != nil {
		return page{}, err
	}
	rendered := &rendering{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(rendered, r)
	if rendered.status != http.StatusOK {
		return page{}, fmt.Errorf("rendering %s: %d %s", path, rendered.status, rendered.Bytes())
	}
	return newPage(bytes.TrimSpace(rendered.Bytes()), "script-src", "style-src", "img-src", "connect-src"), nil
}

// rendering is a reply kept in memory.
type rendering struct {
	bytes.Buffer
	header http.Header
	status int
}

func (r *rendering) Header() http.Header { return r.header }

func (r *rendering) WriteHeader(status int) { r.status = status }
