package db

import (
	"maps"
	"time"
)

const (
	// slowAfter is how long a request takes that makes its user a slow one.
	slowAfter = 500 * time.Millisecond
	// slowFor is for how long.
	slowFor = 10 * time.Second
)

// slowUsers are those whose requests took long a moment ago, as a search through 100,000
// tasks does. Together they have a part of the lanes only. So the others find one, and
// the database's processors are left to them as well.
type slowUsers struct {
	max   int // how many of their requests may be on lanes; 0 where nobody is slow
	busy  int // how many are
	until map[string]time.Time
}

// now is when a request is sent. It is not asked for where nobody is slow.
func (s *slowUsers) now() time.Time {
	if s.max == 0 {
		return time.Time{}
	}
	return time.Now()
}

// admit reports whether a request may go, and counts it if it does: its turn has come.
func (s *slowUsers) admit(r *request) bool {
	if len(s.until) == 0 {
		return true
	}
	until, ok := s.until[r.userID]
	switch {
	case !ok || time.Now().After(until):
		return true
	case s.busy >= s.max:
		return false
	}
	r.isSlow = true
	s.busy++
	return true
}

// left ends the count of a request that took that long.
func (s *slowUsers) left(r *request, took time.Duration) {
	if r.isSlow {
		s.busy--
	}
	if took < slowAfter {
		return
	}
	now := time.Now()
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	maps.DeleteFunc(s.until, func(_ string, until time.Time) bool { return now.After(until) })
	s.until[r.userID] = now.Add(slowFor)
}
