package http

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/http/observability"
)

// statusClientClosed is nginx's 499: the client disconnected before its reply. It
// appears in the log, the metrics and the traces only.
const statusClientClosed = 499

// statusOf is the status of the reply, or statusClientClosed.
func (i *info) statusOf(r *http.Request) int {
	if errors.Is(i.err, context.Canceled) && r.Context().Err() != nil {
		return statusClientClosed
	}
	return i.reply.status
}

// routeName is the pattern of the path, "none" where no route has it.
func (i *info) routeName() string {
	if i.route == nil {
		return "none"
	}
	return i.route.path
}

// logRequest writes the line of a request, unless there are too many. It makes the record
// itself, because a slog.Logger looks for the line of code that called it, which none of
// them shows.
func logRequest(c *Config, lines *sampler, r *http.Request, i *info, status int, took time.Duration) {
	level := levelOf(i, status)
	if !c.Log.Enabled(r.Context(), level) || !lines.allows(i, status) {
		return
	}
	record := slog.NewRecord(time.Now(), level, "request", 0)
	record.AddAttrs(
		slog.String("request_id", i.requestID),
		slog.String("method", observability.MethodName(r.Method)),
		slog.String("route", i.routeName()),
		slog.Int("status", status),
		slog.Int64("bytes", i.reply.bytes),
	)
	// A record has room for five, and more of them cost an allocation: once, so.
	more := append(make([]slog.Attr, 0, 6), slog.Float64("duration_ms", milliseconds(took)))
	if i.timing.Query != "" {
		more = append(more, slog.String("query", i.timing.Query), slog.Float64("query_ms", milliseconds(i.timing.Duration)))
	}
	more = c.appendWho(more, i.identity.UserID, r)
	if i.traceID != "" {
		more = append(more, slog.String("trace_id", i.traceID))
	}
	if i.err != nil {
		more = append(more, errorAttrs(i.err)...)
	}
	record.AddAttrs(more...)
	// There is nowhere to report a line to that could not be written.
	_ = c.Log.Handler().Handle(r.Context(), record)
}

// appendWho appends the user, where there is one, by a hash unless LogUserIDs, and the
// client.
func (c *Config) appendWho(attrs []slog.Attr, user string, r *http.Request) []slog.Attr {
	switch {
	case user == "":
	case c.LogUserIDs:
		attrs = append(attrs, slog.String("user_id", user))
	default:
		attrs = append(attrs, slog.String("user", userHash(user)))
	}
	if client := clientName(proxies(c.TrustedProxies).clientOf(r), user != "" && !c.LogUserIDs); client != "" {
		attrs = append(attrs, slog.String("client", client))
	}
	return attrs
}

// aboutStream is what the line of a stream has in common with that of its request.
func (c *Config) aboutStream(r *http.Request) []slog.Attr {
	i := infoOf(r)
	attrs := []slog.Attr{slog.String("request_id", i.requestID), slog.String("route", i.routeName())}
	if i.traceID != "" {
		attrs = append(attrs, slog.String("trace_id", i.traceID))
	}
	return c.appendWho(attrs, i.identity.UserID, r)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

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
