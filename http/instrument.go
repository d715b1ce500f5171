package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/mux"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/http/observability"
)

// info is what the layers know about a request, in the one value that its context
// carries: what an outer one found out, an inner one does not ask again.
type info struct {
	requestID string
	path      string              // encoded, as it came
	base      string              // Config.PublicURL
	identity  auth.Identity       // of the verified token; its UserID is empty without one
	route     *route              // nil where no path matches
	err       error               // what became a problem document
	problem   string              // the last part of its type
	traceID   string              // that the request is part of, if any
	span      *observability.Span // nil for none
	timing    db.QueryTiming
	match     mux.RouteMatch
	header    [2]string // the memory of X-Request-Id and Server-Timing
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

// instrument assigns the request id, sets the headers of every reply, and counts, traces
// and logs the request, but never a token, a title, a path or a query string. A panic
// becomes a 500.
func instrument(c Config, next http.Handler) http.Handler {
	lines := &sampler{log: c.Log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		i := &info{requestID: uuid.Must(uuid.NewV7()).String(), path: r.URL.EscapedPath(), base: c.PublicURL}
		i.reply = recorder{ResponseWriter: w, info: i, isHead: r.Method == http.MethodHead}
		i.trace(c.Tracer, r, start)
		if c.Metrics != nil {
			c.Metrics.Begin()
		}
		r = r.WithContext(context.WithValue(db.WithQueryTiming(r.Context(), &i.timing), infoKey{}, i))
		header := w.Header()
		i.header[0] = i.requestID
		header["X-Request-Id"] = i.header[:1:1]
		header["Cache-Control"] = privateNoCache
		header["X-Content-Type-Options"] = noSniff
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler {
					finish(&c, lines, r, i, start)
					panic(cause)
				}
				logPanic(c.Log, cause, slog.String("request_id", i.requestID))
				i.err = errPanic
				if i.reply.status == 0 {
					writeProblem(&i.reply, r, i.err)
				}
			}
			finish(&c, lines, r, i, start)
		}()
		next.ServeHTTP(&i.reply, r)
	})
}

// trace finds out which trace the request is part of, and begins its span where there is
// a tracer.
func (i *info) trace(tracer *observability.Tracer, r *http.Request, start time.Time) {
	if tracer == nil {
		i.traceID = observability.TraceID(r.Header)
		return
	}
	i.span = tracer.Begin(r, start)
	i.traceID = i.span.TraceID()
	if i.span.IsRecording() {
		i.timing.Done = i.span.Query
	}
}

// finish counts, traces and logs a request.
func finish(c *Config, lines *sampler, r *http.Request, i *info, start time.Time) {
	status, took := i.statusOf(r), time.Since(start)
	if c.Metrics != nil {
		c.Metrics.End(r.Method, i.routeName(), status, i.problem, took)
	}
	if i.span != nil {
		route := ""
		if i.route != nil {
			route = i.route.path
		}
		i.span.End(r, route, status, i.requestID, i.problem)
	}
	logRequest(c, lines, r, i, status, took)
}

var errPanic = errors.New("panic")

// logPanic is called by what has recovered.
func logPanic(log *slog.Logger, cause any, about ...slog.Attr) {
	log.LogAttrs(context.Background(), slog.LevelError, "panic", append(about,
		slog.String("error", errPanic.Error()), slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))...)
}
