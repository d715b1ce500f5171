package http

import (
	"regexp"
	"time"
	_ "time/tzdata" // A machine may lack time zones, or some of them.
)

// zoneName is what the IANA time zone database calls its zones. time.LoadLocation would
// also read other files that a machine keeps beside them.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// readZone returns a time zone by its IANA name. PostgreSQL, which knows others, is
// never asked.
func readZone(name string) (*time.Location, bool) {
	if !zoneName.MatchString(name) || name == "Local" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// zone reads a time zone, UTC where there is none.
func (p parameters) zone(name string) (*time.Location, error) {
	value, given := p.get(name)
	if !given {
		return time.UTC, nil
	}
	zone, ok := readZone(value)
	if !ok {
		return nil, unreadable(name, value, "must be a time zone by its IANA name, like Europe/Berlin", func(s string) bool { _, ok := readZone(s); return ok })
	}
	return zone, nil
}

// dayIn is the day that it is in a zone, as days are kept: its midnight UTC.
func dayIn(zone *time.Location, at time.Time) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
