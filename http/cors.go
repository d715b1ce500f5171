package http

import (
	"net/http"
	"time"

	rscors "github.com/rs/cors"
)

// cors answers preflights, which carry no token, and lets the pages of the given
// origins read the replies (Fetch standard, CORS protocol). Never with credentials:
// a browser adds nothing to a request that would authorize it, so the pages of an
// origin can do here what their token can, and no more.
func cors(origins []string, next http.Handler) http.Handler {
	return rscors.New(rscors.Options{
		// A function, because rs/cors takes an empty list for every origin, and a * in one
		// for any text.
		AllowOriginFunc: func(origin string) bool { return allows(origins, origin) },
		AllowedMethods:  []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
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
