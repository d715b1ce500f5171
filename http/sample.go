package http

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// sampledLines is how many lines of each kind are written in a second.
const sampledLines = 10

// sampled are the kinds of lines of which as many as they like can be caused by anybody
// (without a verified token), or by a user whom a limit does not keep from asking.
var sampled = [...]string{
	anonymous:       "without a verified token",
	anonymousFailed: "without a verified token, 5xx",
	limited:         "over a limit",
}

const (
	anonymous = iota
	anonymousFailed
	limited
)

// sampler bounds how many lines of a kind are written in a second. A line says how many
// were not, at the end of that second.
type sampler struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds [len(sampled)]struct {
		since               time.Time // the second that is counted
		written, suppressed int
	}
}

// allows reports whether a request's line is to be written, and counts it.
func (s *sampler) allows(i *info, status int) bool {
	_, over := errors.AsType[*limitedError](i.err)
	kind := anonymous
	switch {
	case over && i.identity.UserID != "":
		kind = limited
	case i.identity.UserID != "":
		return true
	case status >= http.StatusInternalServerError:
		kind = anonymousFailed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.kinds[kind]
	age := time.Since(k.since)
	if age >= time.Second && k.suppressed == 0 {
		k.since, k.written, age = time.Now(), 0, 0
	}
	if k.written < sampledLines {
		k.written++
		return true
	}
	if k.suppressed++; k.suppressed == 1 {
		time.AfterFunc(time.Second-age, func() { s.report(kind) })
	}
	return false
}

// report ends a second.
func (s *sampler) report(kind int) {
	s.mu.Lock()
	k := &s.kinds[kind]
	suppressed := k.suppressed
	k.since, k.written, k.suppressed = time.Now(), 0, 0
	s.mu.Unlock()
	s.log.Warn("request lines not written", "suppressed", suppressed, "of", sampled[kind])
}
