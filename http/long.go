package http

import (
	"errors"
	"net/http"
)

// writeLong writes the JSON that e holds, which may be long, and releases e: compressed for
// a client that accepts it, within the budget of replies, and at the client's pace. An
// error comes before anything is written.
func (s *server) writeLong(w http.ResponseWriter, r *http.Request, e *encoder) error {
	if len(e.buf) >= minCompressed && acceptsGzip(r) {
		e = compressed(e)
		w.Header().Set("Content-Encoding", "gzip")
	}
	defer e.release()
	if len(e.buf) <= uncounted || r.Method == http.MethodHead {
		writeJSONBody(w, http.StatusOK, e.buf)
		return nil
	}
	room, err := s.replies.take(identityOf(r).UserID, cap(e.buf))
	if err != nil {
		return err
	}
	defer room.release()
	w.Header()["Content-Type"] = typeJSON
	setLength(w, e.buf)
	w.WriteHeader(http.StatusOK)
	if _, err := newPace(w).Write(e.buf); errors.Is(err, errSlowReader) {
		infoOf(r).err = err
		abandon(w)
	}
	return nil
}
