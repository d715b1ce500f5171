package http

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// statusClientClosed is nginx's 499: the client disconnected before its reply. It
// appears in the log only.
const statusClientClosed = 499

// info collects what the layers learn about a request, for its problem document and
// its log entry.
type info struct {
	requestID string
	route     string
	user      string
	err       error
	trace     db.QueryTiming
}

type infoKey struct{}

func infoOf(r *http.Request) *info {
	i, _ := r.Context().Value(infoKey{}).(*info)
	return i
}

// instrument assigns the request id, sets the headers of every reply and logs the
// request, but never a token, a title or a query string. A panic becomes a 500.
func instrument(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		i := &info{requestID: uuid.Must(uuid.NewV7()).String(), route: "none"}
		r = r.WithContext(db.WithQueryTiming(context.WithValue(r.Context(), infoKey{}, i), &i.trace))
		recorder := &recorder{ResponseWriter: w, info: i}
		header := w.Header()
		header.Set("X-Request-Id", i.requestID)
		header.Set("Cache-Control", "private, no-cache")
		header.Set("X-Content-Type-Options", "nosniff")
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler {
					logRequest(log, r, i, recorder, time.Since(start))
					panic(cause)
				}
				log.ErrorContext(r.Context(), "panic", "request_id", i.requestID, "cause", cause, "stack", string(debug.Stack()))
				i.err = errors.New("panic")
				if recorder.status == 0 {
					writeProblem(recorder, r, i.err)
				}
			}
			logRequest(log, r, i, recorder, time.Since(start))
		}()
		next.ServeHTTP(recorder, r)
	})
}

func logRequest(log *slog.Logger, r *http.Request, i *info, recorder *recorder, took time.Duration) {
	status := recorder.status
	if errors.Is(i.err, context.Canceled) && r.Context().Err() != nil {
		status = statusClientClosed
	}
	level := slog.LevelInfo
	switch {
	case errors.Is(i.err, errStopping):
		level = slog.LevelDebug
	case errors.Is(i.err, auth.ErrKeyUnknownYet):
		// Anybody can cause one, with a token that they made up.
	case status >= 500:
		level = slog.LevelError
	case i.route == "/health", i.route == livePath, i.route == readyPath:
		level = slog.LevelDebug
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	attributes := append(make([]slog.Attr, 0, 8),
		slog.String("request_id", i.requestID),
		slog.String("method", r.Method),
		slog.String("route", i.route),
		slog.Int("status", status),
		slog.Int64("bytes", recorder.bytes),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
	)
	if i.user != "" {
		attributes = append(attributes, slog.String("user", userHash(i.user)))
	}
	if i.err != nil {
		attributes = append(attributes, slog.Any("error", i.err))
	}
	log.LogAttrs(r.Context(), level, "request", attributes...)
}

// recorder is a ResponseWriter that records the status and the size of the reply.
type recorder struct {
	http.ResponseWriter
	info   *info
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

// begin is called before the headers are sent.
func (r *recorder) begin(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	if t := r.info.trace; t.Query != "" {
		// Server Timing (W3C), in milliseconds.
		r.Header().Set("Server-Timing", fmt.Sprintf("db;dur=%.3f;desc=%q", float64(t.Duration.Microseconds())/1000, t.Query))
	}
}

// Hijack hands the connection over to a stream, which begins with 200.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.begin(http.StatusOK)
	}
	return conn, buffered, err
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
