package http

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// readyMaxAge is how long an answer of /readyz is used again where Config says
// nothing: probes come from many places, the database is one.
const readyMaxAge = 5 * time.Second

// Admin answers an orchestrator's probes, on an address of their own: the paths of
// the public one are the contract's, and what is not ready is nobody else's business.
//
//	GET /livez   200 while the process runs: nothing else, so that an outage of the
//	             database restarts no server
//	GET /readyz  200 while requests can be served: the database answers, the schema
//	             fits, row-level security holds, there are keys to verify tokens
//	             with, and the server is not stopping; else 503, a problem document
//	             whose detail names what fails, while the log has the cause
type Admin struct {
	db       *db.Pool
	verifier *auth.Verifier
	maxAge   time.Duration
	stopping atomic.Bool
	handler  http.Handler

	mu    sync.Mutex // held while the database is asked: one question at a time
	asked time.Time
	err   error // the latest answer
}

// NewAdmin uses the DB, the Verifier, the Log and ReadyMaxAge of the configuration.
func NewAdmin(c Config) *Admin {
	a := &Admin{db: c.DB, verifier: c.Verifier, maxAge: c.ReadyMaxAge}
	if a.maxAge == 0 {
		a.maxAge = readyMaxAge
	}
	a.handler = instrument(c.Log, newRouter([]route{
		{path: livePath, methods: map[string]handler{"GET": a.live}},
		{path: readyPath, methods: map[string]handler{"GET": a.ready}},
		{path: "/problems/{slug}", methods: map[string]handler{"GET": getProblem}},
	}, ""))
	return a
}

const (
	livePath  = "/livez"
	readyPath = "/readyz"
)

func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Stop makes /readyz refuse from now on: whoever routes requests learns of the stop
// while those that have begun are still answered.
func (a *Admin) Stop() { a.stopping.Store(true) }

func (a *Admin) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

func (a *Admin) ready(w http.ResponseWriter, r *http.Request) error {
	if a.stopping.Load() {
		return errStopping
	}
	if err := a.verifier.Ready(); err != nil {
		return &notReadyError{"there is no key to verify tokens with", err}
	}
	if err := a.checked(r.Context()); err != nil {
		return err
	}
	if a.stopping.Load() { // begun while the database was asked
		return errStopping
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// checked is the database's answer, maxAge old at most. The question outlives the
// probe that asks it: another may wait for the same answer.
func (a *Admin) checked(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.asked.IsZero() && time.Since(a.asked) < a.maxAge {
		return a.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	_, err := a.db.Check(ctx)
	switch {
	case err == nil:
		a.err = nil
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		a.err = &notReadyError{"the database does not answer", err}
	case errors.Is(err, db.ErrRLS):
		a.err = &notReadyError{"row-level security does not hold", err}
	default:
		a.err = &notReadyError{"the schema does not fit", err}
	}
	a.asked = time.Now()
	return a.err
}

// notReadyError is a check of /readyz that failed. The check is for everybody, the
// cause for the log.
type notReadyError struct {
	check string
	cause error
}

func (e *notReadyError) Error() string { return "not ready: " + e.check + ": " + e.cause.Error() }
func (e *notReadyError) Unwrap() error { return e.cause }

var errStopping = &notReadyError{"the server is stopping", errors.New("asked to stop")}
