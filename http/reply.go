package http

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/securetodo/securetodo/db"
)

// writeTask writes a task with its entity tag, or 304 to a client that has it.
func writeTask(w http.ResponseWriter, r *http.Request, status int, row db.Task) error {
	e := newEncoder()
	defer e.release()
	if e.task(&row); e.err != nil {
		return fmt.Errorf("encoding the task: %w", e.err)
	}
	tag := etag(&row)
	w.Header().Set("ETag", tag)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && notModified(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeJSONBody(w, status, e.buf)
	return nil
}

// writeJSON encodes before it writes the status: what cannot be encoded is a 500.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the reply: %w", err)
	}
	writeJSONBody(w, status, body)
	return nil
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	writeBody(w, status, body)
}

var typeJSON = []string{"application/json"}

// writeJSONBody is write for what nearly all replies are.
func writeJSONBody(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = typeJSON
	writeBody(w, status, body)
}

// countedByNetHTTP is the size of a body whose Content-Length net/http finds out itself,
// since it keeps it until the handler returns.
const countedByNetHTTP = 2048

func setLength(w http.ResponseWriter, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	if reply, ok := w.(*recorder); !ok || reply.isHead || len(body) > countedByNetHTTP {
		setLength(w, body)
	}
	w.WriteHeader(status)
	// A client that has left is nobody to report to; the log has the request.
	_, _ = w.Write(body)
}
