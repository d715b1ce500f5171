package http

import (
	"net/http"
	"slices"
	"time"

	rscors "github.com/rs/cors"
)

// cors answers preflights, which carry no token, and lets the pages of the given
// origins read the replies (Fetch standard, CORS protocol).
func cors(origins []string, next http.Handler) http.Handler {
	return rscors.New(rscors.Options{
		// A function, because rs/cors takes an empty list for every origin.
		AllowOriginFunc: func(origin string) bool {
			return slices.Contains(origins, origin) || slices.Contains(origins, "*")
		},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID"},
		ExposedHeaders: []string{"ETag", "Link", "Location", "Retry-After", "Server-Timing", "WWW-Authenticate", "X-Request-Id"},
		MaxAge:         int((10 * time.Minute).Seconds()),
	}).Handler(next)
}
