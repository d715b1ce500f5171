package http

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/securetodo/securetodo/db"
)

// commentEvery is how often a stream says that it is there, so that proxies do not end
// it and a connection that is gone is noticed.
const commentEvery = 15 * time.Second

const eventStream = "text/event-stream"

// acceptsEvents reports whether a client asks for Server-Sent Events.
func acceptsEvents(r *http.Request) bool {
	for _, accepted := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, parameters, err := mime.ParseMediaType(accepted)
		quality, given := parameters["q"]
		if err == nil && mediaType == eventStream && (!given || strings.Trim(quality, "0.") != "") {
			return true
		}
	}
	return false
}

// stream writes events (WHATWG HTML, Server-sent events), each with its own deadline.
type stream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
}

func (s stream) write(format string, args ...any) error {
	if err := s.connection.SetWriteDeadline(time.Now().Add(chunkTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.connection.Flush()
}

// end tells the client to come back, at a moment of its own: a server that stops sends
// thousands away at once.
func (s stream) end(within time.Duration) {
	_ = s.write("retry: %d\n\n", 500+rand.Int64N(within.Milliseconds()))
}

// streamChanges tells what changed since the cursor, and then whatever changes, until
// the token expires, the server stops or the client leaves. While it waits it holds no
// connection to the database.
func (s *server) streamChanges(w http.ResponseWriter, r *http.Request, cursor changesCursor, limit int) error {
	identity := identityOf(r)
	// Before the first look, so that nothing is missed after it.
	wake, leave, ok := s.live.join(identity.UserID)
	if !ok {
		return errStreams
	}
	defer leave()
	page, cursor, err := s.changesSince(r.Context(), identity.UserID, cursor, limit)
	if err != nil {
		return err
	}
	out := stream{w, http.NewResponseController(w)}
	// The server's deadline is for a request's body, and would end the stream.
	if err := out.connection.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w.Header().Set("Content-Type", eventStream)
	w.WriteHeader(http.StatusOK)
	expiry := time.NewTimer(time.Until(identity.Expires))
	defer expiry.Stop()
	comment := time.NewTicker(commentEvery)
	defer comment.Stop()
	ctx := db.WithQueryTiming(r.Context(), nil)
	for first := true; ; first = false {
		if first || len(page.Tasks)+len(page.Deleted) > 0 {
			body, err := json.Marshal(page)
			if err != nil {
				infoOf(r).err = fmt.Errorf("encoding the changes: %w", err)
				panic(http.ErrAbortHandler)
			}
			if out.write("event: changes\nid: %s\ndata: %s\n\n", page.Cursor, body) != nil {
				return nil
			}
		}
		for waits := !page.More; waits; {
			select {
			case <-wake:
				waits = false
			case <-comment.C:
				if out.write(":\n\n") != nil {
					return nil
				}
			case <-expiry.C:
				out.end(time.Second)
				return nil
			case <-s.live.stop:
				out.end(10 * time.Second)
				return nil
			case <-ctx.Done():
				return nil
			}
		}
		if page, cursor, err = s.changesSince(ctx, identity.UserID, cursor, limit); err != nil {
			// The client comes back with the last cursor, and is told then.
			infoOf(r).err = err
			out.end(5 * time.Second)
			return nil
		}
	}
}

// wakeStreams wakes the streams of a user who may have changed something.
func (s *server) wakeStreams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead && inAPI(r) {
			s.live.wake(identityOf(r).UserID)
		}
	})
}
