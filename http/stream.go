package http

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// event appends a page as an event (WHATWG HTML, Server-sent events).
func (e *encoder) event(c *changes) error {
	e.raw("event: changes\nid: ")
	e.raw(c.cursor)
	e.raw("\ndata: ")
	if e.changes(c); e.err != nil {
		return fmt.Errorf("encoding the changes: %w", e.err)
	}
	e.raw("\n\n")
	return nil
}

// streamChanges reads what changed since the cursor, and leaves the connection to a
// stream, which tells that and whatever changes then.
func (s *server) streamChanges(w http.ResponseWriter, r *http.Request, cursor changesCursor, limit int) error {
	identity := identityOf(r)
	// Before the first look, so that nothing is missed after it.
	wake, leave, ok := s.live.join(identity.UserID)
	if !ok {
		return errStreams
	}
	leaves := true
	defer func() {
		if leaves {
			leave()
		}
	}()
	page, cursor, err := s.changesSince(r.Context(), identity.UserID, cursor, limit)
	if err != nil {
		return err
	}
	e := newEncoder()
	defer e.release()
	if err := e.event(&page); err != nil {
		return err
	}
	room, err := s.replies.take(identity.UserID, cap(e.buf))
	if err != nil {
		return err
	}
	defer func() {
		if leaves {
			room.release()
		}
	}()
	w.Header().Set("Content-Type", eventStream)
	conn, _, err := http.NewResponseController(w).Hijack()
	switch {
	case errors.Is(err, http.ErrNotSupported):
		// This is not HTTP/1: the client is told what there is, and comes back.
		_, _ = newPace(w).Write(append(e.buf, endFailed.retry()...))
		return nil
	case err != nil:
		return fmt.Errorf("taking over a connection: %w", err)
	}
	out := &stream{
		conn: conn, wake: wake, stop: s.live.stop, about: s.config.aboutStream(r),
		user: identity.UserID, expires: identity.Expires, cursor: cursor, limit: limit, more: page.more,
	}
	out.begin, out.room = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: %s\r\n%s\r\n%s", time.Now().UTC().Format(http.TimeFormat), headerLines(w.Header()), e.buf), room
	leaves = false
	go func() {
		defer leave()
		s.run(out)
	}()
	return nil
}

func headerLines(header http.Header) string {
	var lines strings.Builder
	_ = header.Write(&lines)
	return lines.String()
}

// wakeStreams wakes the streams of a user who may have changed something.
func (s *server) wakeStreams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead && infoOf(r).inAPI() {
			s.live.wake(identityOf(r).UserID)
		}
	})
}
