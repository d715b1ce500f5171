package http

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	rscors "github.com/rs/cors"
	"golang.org/x/time/rate"
)

// cors answers preflights, which carry no token, and lets the pages of the given
// origins read the replies (Fetch standard, CORS protocol). Never with credentials:
// a browser adds nothing to a request that would authorize it, so the pages of an
// origin can do here what their token can, and no more.
func cors(c Config, next http.Handler) http.Handler {
	refused := refusedOrigins{log: c.Log, often: rate.Sometimes{First: 10, Interval: 10 * time.Second}}
	return rscors.New(rscors.Options{
		// A function, because rs/cors takes an empty list for every origin, and a * in one
		// for any text.
		AllowOriginVaryRequestFunc: func(r *http.Request, origin string) (bool, []string) {
			if allows(c.CORSOrigins, origin) || c.CORSLoopback && isLoopbackOrigin(origin) {
				return true, nil
			}
			refused.note(r, origin)
			return false, nil
		},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		// Those that a preflight asks for, one by one: the * of the protocol would leave
		// Authorization out. What traces a frontend adds its own.
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{
			"Content-Disposition", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy",
			"Retry-After", "Server-Timing", "WWW-Authenticate", "X-Request-Id",
		},
		MaxAge: int((2 * time.Hour).Seconds()), // the most that Chromium keeps
	}).Handler(next)
}

// refusedOrigins logs the origins whose pages may not read a reply, which a browser tells
// the page's developer only: the first ten, then one in 10 seconds, as anybody can send any.
type refusedOrigins struct {
	log   *slog.Logger
	often rate.Sometimes
}

func (o *refusedOrigins) note(r *http.Request, origin string) {
	// A browser sends one with the requests of this server's own page, which need nothing.
	if origin == "" || strings.HasSuffix(origin, "://"+r.Host) {
		return
	}
	o.often.Do(func() {
		parsed, err := ParseOrigin(origin)
		if err != nil || len(parsed) > 300 {
			parsed = "unreadable"
		}
		o.log.Warn("the pages of this origin cannot read the replies: it is not in CORS_ORIGINS", "origin", parsed)
	})
}
