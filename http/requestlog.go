package http

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/securetodo/securetodo/auth"
)

// statusClientClosed is nginx's 499: the client disconnected before its reply. It
// appears in the log only.
const statusClientClosed = 499

// logRequest writes the line of a request, unless there are too many. It makes the record itself, because a
// slog.Logger looks for the line of code that called it, which none of them shows.
func logRequest(lines *sampler, r *http.Request, i *info, took time.Duration) {
	log := lines.log
	status := i.reply.status
	if errors.Is(i.err, context.Canceled) && r.Context().Err() != nil {
		status = statusClientClosed
	}
	level := levelOf(i, status)
	if !log.Enabled(r.Context(), level) || !lines.allows(i, status) {
		return
	}
	route := "none"
	if i.route != nil {
		route = i.route.path
	}
	record := slog.NewRecord(time.Now(), level, "request", 0)
	record.AddAttrs(
		slog.String("request_id", i.requestID),
		slog.String("method", r.Method),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int64("bytes", i.reply.bytes),
	)
	// A record has room for five, and more of them cost an allocation: once, so.
	more := append(make([]slog.Attr, 0, 3), slog.Float64("duration_ms", float64(took.Microseconds())/1000))
	if i.identity.UserID != "" {
		more = append(more, slog.String("user", userHash(i.identity.UserID)))
	}
	if i.err != nil {
		more = append(more, slog.Any("error", i.err))
	}
	record.AddAttrs(more...)
	// There is nowhere to report a line to that could not be written.
	_ = log.Handler().Handle(r.Context(), record)
}

func levelOf(i *info, status int) slog.Level {
	switch {
	case errors.Is(i.err, errStopping), errors.Is(i.err, errStarting):
		return slog.LevelDebug
	case errors.Is(i.err, auth.ErrKeyUnknownYet):
		// Anybody can cause one, with a token that they made up.
		return slog.LevelInfo
	case status >= 500:
		return slog.LevelError
	case i.route != nil && i.route.isProbe():
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
