package http

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// The limits, for the tests that hold the schema, the contract and the messages to
// them.
const (
	MaxTitle       = maxTitle
	MaxDescription = maxDescription
	MaxTag         = maxTag
	MaxTags        = maxTags
	MaxSearch      = maxSearch
	MaxPage        = maxPage
	MaxBody        = maxBody
	MaxHeader      = maxHeader
	MaxFieldErrors = maxFieldErrors
	MaxKey         = maxKey

	MaxStreamsPerUser = maxStreamsPerUser
)

// The messages of a title and of a key, and what a size is called in them.
var (
	RuleKey   = ruleKey
	RuleTitle = ruleTitle
	Kibibytes = kibibytes
	Grouped   = grouped
)

// A day that is due, and the zone in which it ends.
var (
	ReadZone = readZone
	DayIn    = dayIn
)

// IsInvisible tells the characters of which a title must have another.
var IsInvisible = isInvisible

// Resources are the methods of every route, by path.
func Resources() map[string][]string {
	found := map[string][]string{}
	for _, route := range (&server{}).routes() {
		for method := range route.methods {
			found[route.path] = append(found[route.path], method)
		}
	}
	return found
}

// Instrumented is a handler behind the outermost layer alone.
func Instrumented(log *slog.Logger, h http.Handler) http.Handler {
	return instrument(Config{Log: log}, h)
}

// SortNames are the orders that a list can be asked for in.
func SortNames() []string {
	var names []string
	for _, sort := range sorts {
		names = append(names, sort.name)
	}
	return names
}

// EncodeTasks returns a list as a reply has it.
func EncodeTasks(tasks []db.Task) ([]byte, error) {
	e := newEncoder()
	defer e.release()
	e.tasks(tasks)
	return slices.Clone(e.buf), e.err
}

// EncodeAndForget is EncodeTasks without the result.
func EncodeAndForget(tasks []db.Task) {
	e := newEncoder()
	e.tasks(tasks)
	e.release()
}

// LogRequest logs a list that a user got.
func LogRequest(log *slog.Logger, r *http.Request, user string) {
	i := &info{requestID: "019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20", identity: auth.Identity{UserID: user}, route: &route{path: "/api/{user_id}/tasks"}}
	i.reply = recorder{info: i, status: http.StatusOK, bytes: 7000}
	i.timing = db.QueryTiming{Query: "ListTasks", Duration: 987 * time.Microsecond}
	logRequest(&Config{Log: log}, &sampler{log: log}, r, i, http.StatusOK, 1234*time.Microsecond)
}

// ClientOf is the address of a request's client.
func ClientOf(trusted []netip.Prefix, r *http.Request) string {
	return proxies(trusted).clientOf(r).String()
}

// NetworkOf is what a limit by address counts.
var NetworkOf = networkOf

// NewProbe asks a question.
func NewProbe(ask func(context.Context) error, maxAge time.Duration) *probe {
	return &probe{ask: ask, maxAge: maxAge}
}

// Answer is the answer to it.
func (p *probe) Answer(ctx context.Context) error { return p.answer(ctx) }

// MaxSize is what a task takes in JSON at most.
var MaxSize = maxSize

// NewBudget is a budget of replies.
func NewBudget(most, share int) *Budget { return newBudget("replies", most, share, retryAfter) }

// PaceTo writes to a client, in time for the deadlines that it has.
func PaceTo(conn net.Conn) io.Writer { return &pace{to: conn} }

// ErrSlowReader is why a reply was cut off.
var ErrSlowReader = errSlowReader
