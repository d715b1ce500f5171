package http

import (
	"log/slog"
	"net/http"
)

// Resources are the methods of every route, by path.
func Resources() map[string][]string {
	found := map[string][]string{}
	for _, route := range (&server{}).routes() {
		for method := range route.methods {
			found[route.path] = append(found[route.path], method)
		}
	}
	return found
}

// Instrumented is a handler behind the outermost layer alone.
func Instrumented(log *slog.Logger, h http.Handler) http.Handler { return instrument(log, h) }
