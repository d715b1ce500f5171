package http

import (
	"crypto/sha256"
	"encoding/base64"
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

// allowStyles lets the page's own scripts add style elements that have this nonce.
func (p *page) allowStyles(nonce string) {
	p.policy = strings.Replace(p.policy, "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1)
}

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
