// Package http serves the REST API: it verifies the caller, decodes and validates the
// request, runs one query in the scope of that user, and encodes the reply.
package http

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/http/observability"
)

// Config has what a server needs.
type Config struct {
	DB       *db.Pool
	Verifier *auth.Verifier
	// CORSOrigins are the origins whose pages may call the API, as ParseOrigin returns
	// them; the element * allows all. None allows none.
	CORSOrigins []string
	// CORSLoopback allows those of this machine too, on any port: for development only.
	CORSLoopback bool
	// Hosts, if not nil, tells for which Host a request is answered: for development, where
	// the page has a token in it. See LocalHosts.
	Hosts func(host string) bool
	// PublicURL is the base URL under which clients reach the API where a proxy strips a
	// prefix off the path, as ParsePublicURL returns it: Location, Link, a problem's type
	// and the contract name it. Empty, they have paths.
	PublicURL string
	// Docs serves a page at /docs on which a person can try the API.
	Docs bool
	// DemoUser and DemoToken are filled in on that page, for whoever opens it: for
	// development only.
	DemoUser, DemoToken string
	// LivePoll is how often a user with open streams is asked for changes that were
	// written elsewhere: every 2 seconds if zero.
	LivePoll time.Duration
	// MaxStreams is how many streams are open at once: 10,000 if zero.
	MaxStreams int
	// Stop, if not nil, ends the open streams when it is closed, and has each connection
	// closed after its next reply.
	Stop <-chan struct{}
	// Streams counts the open streams, if not nil. http.Server does not know them, so
	// who stops one waits for them after its Shutdown.
	Streams *sync.WaitGroup
	// ReadyMaxAge is how long Admin reuses the result of a check of the database that
	// passed: 5 seconds if zero. That of one that failed it reuses for a second at most.
	ReadyMaxAge time.Duration
	// Replies and Exports bound the memory of replies while clients read them; those of
	// NewReplyBudget and NewExportBudget if nil.
	Replies, Exports *Budget

	// TrustedProxies are those whose X-Forwarded-For says who the client is, as
	// ParseProxy returns them.
	TrustedProxies []netip.Prefix
	// AuthFailureLimit is how many 401s an address gets in a second, an IPv6 address
	// with its /64; ten times as many at once. What is more is 429. No limit if zero.
	AuthFailureLimit float64
	// RateLimit is how many requests a user may send in a second, and twice as many at
	// once. No limit if zero.
	RateLimit float64
	// MaxTasks is how many tasks a user may have; those who have more keep them. No limit
	// if zero.
	MaxTasks int64

	// Metrics counts the requests, and gets the metrics of all that is configured here, if
	// not nil.
	Metrics *observability.Metrics
	// Tracer makes a span for each request and each query, if not nil.
	Tracer *observability.Tracer
	Log    *slog.Logger
	// LogUserIDs logs a user's id instead of its hash, and the client's whole address
	// beside it.
	LogUserIDs bool
}

type server struct {
	db       *db.Pool
	verifier *auth.Verifier
	replies  *Budget
	exports  *Budget
	live     *live
	health   *probe
	contract *contract
	docs     *docs         // nil where they are not offered
	rates    *userLimit    // nil where there is none
	failures *failureLimit // nil where there is none
	maxTasks *int64        // nil where there is no limit
	config   Config
}

// NewHandler returns the whole API as one handler.
func NewHandler(c Config) http.Handler {
	s := &server{db: c.DB, verifier: c.Verifier, replies: cmp.Or(c.Replies, NewReplyBudget()), exports: cmp.Or(c.Exports, NewExportBudget()), health: &probe{ask: c.DB.Ping, maxAge: healthMaxAge}, config: c}
	s.contract = newContract(c.PublicURL)
	s.live = &live{poll: cmp.Or(c.LivePoll, livePoll), max: cmp.Or(c.MaxStreams, maxStreams), version: s.version, stop: c.Stop, open: cmp.Or(c.Streams, &sync.WaitGroup{}), users: map[string]*follower{}}
	s.rates, s.failures = newUserLimit(c.RateLimit), newFailureLimit(c.AuthFailureLimit, c.TrustedProxies, c.Log)
	if c.MaxTasks > 0 {
		s.maxTasks = &c.MaxTasks
	}
	if c.Docs {
		s.docs = newDocs(c)
	}
	routes := slices.DeleteFunc(s.routes(), func(rt route) bool { return rt.docs && s.docs == nil })
	const trailingSlash = true // the same resource with and without
	if c.Metrics != nil {
		s.addMetrics(c.Metrics)
	}
	return closing(c.Stop, instrument(c, hosts(c.Hosts, routed(newRouter(routes, trailingSlash), cors(c, s.authenticate(s.wakeStreams(http.HandlerFunc(serveRoute))))))))
}

// NewServer returns a server with limits on header size and on the time that a
// client may take for its headers, its body, its reply and between two requests.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler,
		// net/http allows 4 KiB more than it is told, and as much again on a connection
		// that it reuses.
		MaxHeaderBytes:    maxHeader - 4<<10,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      45 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ConnContext:       limitSendBuffer,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
