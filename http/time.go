package http

import (
	"regexp"
	"strings"
	"time"
)

// timestamp is a time on the wire: see appendTimestamp.
type timestamp time.Time

func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return appendTimestamp(b, time.Time(t)), nil
}

func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// rfc3339 is the date-time of RFC 3339 (section 5.6), or its full-date alone. The time package
// lets a comma and an offset of 24 hours pass.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d(T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$`)

// isDay reports whether a text that parseTime reads is a bare date.
func isDay(s string) bool { return len(s) == len(time.DateOnly) }

// parseTime reads RFC 3339, or a bare date as midnight UTC, from year 1 to 9999
// in UTC, to the microsecond that PostgreSQL keeps.
func parseTime(s string) (time.Time, bool) {
	// The T and the Z may be lower-case.
	s = strings.ToUpper(s)
	if !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	if isDay(s) {
		s += "T00:00:00Z"
	}
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return t, false
	}
	t = t.UTC().Truncate(time.Microsecond)
	return t, t.Year() >= 1 && t.Year() <= 9999
}
