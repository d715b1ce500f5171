package http

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// info is what the layers know about a request, in the one value that its context
// carries: what an outer one found out, an inner one does not ask again.
type info struct {
	requestID string
	path      string        // encoded, as it came
	identity  auth.Identity // of the verified token; its UserID is empty without one
	route     *route        // nil where no path matches
	err       error         // what became a problem document
	timing    db.QueryTiming
	match     mux.RouteMatch
	reply     recorder
}

type infoKey struct{}

func infoOf(r *http.Request) *info {
	i, _ := r.Context().Value(infoKey{}).(*info)
	return i
}

// inAPI reports whether the request is under /api/, where a token is required.
func (i *info) inAPI() bool { return strings.HasPrefix(i.path, "/api/") }

// The values of headers that every reply has. net/http only reads them, and a header
// that another value is added to gets a slice of its own.
var (
	privateNoCache = []string{"private, no-cache"}
	noSniff        = []string{"nosniff"}
)

// instrument assigns the request id, sets the headers of every reply and logs the
// request, but never a token, a title or a query string. A panic becomes a 500.
func instrument(log *slog.Logger, next http.Handler) http.Handler {
	lines := &sampler{log: log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		i := &info{requestID: uuid.Must(uuid.NewV7()).String(), path: r.URL.EscapedPath()}
		i.reply = recorder{ResponseWriter: w, info: i, isHead: r.Method == http.MethodHead}
		r = r.WithContext(context.WithValue(db.WithQueryTiming(r.Context(), &i.timing), infoKey{}, i))
		header := w.Header()
		header["X-Request-Id"] = []string{i.requestID}
		header["Cache-Control"] = privateNoCache
		header["X-Content-Type-Options"] = noSniff
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler {
					logRequest(lines, r, i, time.Since(start))
					panic(cause)
				}
				log.ErrorContext(r.Context(), "panic", "request_id", i.requestID, "cause", cause, "stack", string(debug.Stack()))
				i.err = errors.New("panic")
				if i.reply.status == 0 {
					writeProblem(&i.reply, r, i.err)
				}
			}
			logRequest(lines, r, i, time.Since(start))
		}()
		next.ServeHTTP(&i.reply, r)
	})
}
