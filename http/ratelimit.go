package http

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// maxLimitedUsers is how many users are remembered.
const maxLimitedUsers = 100_000

var errUserRate = &clientError{http.StatusTooManyRequests, "rate-limited", "this user sends more requests than the server allows; wait as long as Retry-After says"}

// retryWhenFull is the Retry-After of a user who has as many tasks as they may have, in
// seconds. No time helps, so clients that try again by themselves do it rarely.
const retryWhenFull = 3600

var errTooManyTasks = &limitedError{&clientError{http.StatusTooManyRequests, "too-many-tasks", "this user has as many tasks as the server allows; delete some to make room for others"}, retryWhenFull, ""}

// limitedError is a 429 with its Retry-After, in seconds, and a cause for the log.
type limitedError struct {
	*clientError
	retryAfter int
	cause      string
}

func (e *limitedError) Error() string { return strings.TrimSuffix(e.detail+": "+e.cause, ": ") }
func (e *limitedError) Unwrap() error { return e.clientError }

// userLimit limits the requests of each user in this process.
type userLimit struct {
	buckets *buckets[string]
	policy  []string // the value of RateLimit-Policy
}

// newUserLimit returns nil, which limits nothing, for 0 requests a second. Twice as many
// may come at once.
func newUserLimit(perSecond float64) *userLimit {
	if perSecond == 0 {
		return nil
	}
	burst := max(1, int(math.Ceil(2*perSecond)))
	l := &userLimit{buckets: newBuckets[string](perSecond, burst, maxLimitedUsers)}
	l.policy = []string{fmt.Sprintf(`"default";q=%d;w=%d`, burst, l.buckets.until(0, float64(burst)))}
	return l
}

// take counts a request and says in its reply what is left
// (draft-ietf-httpapi-ratelimit-headers): r is how many requests may follow at once, and t
// after how many seconds all of the quota is there again, or of a 429 what Retry-After
// says, as the draft asks for.
func (l *userLimit) take(reply http.Header, user string) error {
	if l == nil {
		return nil
	}
	left, ok := l.buckets.take(user)
	reset := l.buckets.until(left, float64(l.buckets.burst))
	if !ok {
		reset = max(1, l.buckets.until(left, 1))
	}
	state := strconv.AppendInt(append(make([]byte, 0, 32), `"default";r=`...), int64(left), 10)
	state = strconv.AppendInt(append(state, ";t="...), int64(reset), 10)
	reply["Ratelimit"], reply["Ratelimit-Policy"] = []string{string(state)}, l.policy
	if !ok {
		return &limitedError{clientError: errUserRate, retryAfter: reset}
	}
	return nil
}
