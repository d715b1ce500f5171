package http

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// readyMaxAge is how long /readyz reuses the result of a check that passed where Config
// says nothing: there are many probes and one database.
const readyMaxAge = 5 * time.Second

// Admin serves an orchestrator's probes on a separate address: the public one has the
// paths of the contract alone, and what is not ready concerns only the operator.
//
//	GET /livez   200 while the process runs, and nothing more: an outage of the
//	             database must not restart servers
//	GET /readyz  200 while requests can be served: the database answers and takes
//	             writes, its sessions' settings and the schema fit, row-level
//	             security holds, there are keys to verify tokens with, and the server
//	             is neither starting nor stopping; else 503, a problem document whose
//	             detail names what fails, while the log has the cause
//
// and, for whoever looks into a server:
//
//	GET /metrics       the metrics, where Config has them
//	GET /debug/pprof/  the profiles of net/http/pprof
type Admin struct {
	db       *db.Pool
	verifier *auth.Verifier
	checks   *probe
	phase    atomic.Pointer[notReadyError] // why it is not ready however it is, or nil
	handler  http.Handler
}

// NewAdmin uses the DB, the Verifier, the Metrics, the Log and ReadyMaxAge of the
// configuration.
func NewAdmin(c Config) *Admin {
	a := &Admin{db: c.DB, verifier: c.Verifier}
	a.checks = &probe{ask: a.check, maxAge: cmp.Or(c.ReadyMaxAge, readyMaxAge)}
	probes := newRouter([]route{
		{path: livePath, methods: map[string]handler{"GET": a.live}},
		{path: readyPath, methods: map[string]handler{"GET": a.ready}},
		{path: "/problems/{slug}", methods: map[string]handler{"GET": problemPages("")}},
	}, false)
	// What is asked here is no request of a client: it is neither counted nor traced.
	a.handler = closing(nil, withDiagnostics(c, instrument(Config{Log: c.Log}, routed(probes, http.HandlerFunc(serveRoute)))))
	return a
}

const (
	livePath  = "/livez"
	readyPath = "/readyz"
)

func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Starting makes /readyz reply 503 until Started, even if every check succeeds.
func (a *Admin) Starting() { a.phase.Store(errStarting) }

// Started ends what Starting began.
func (a *Admin) Started() { a.phase.CompareAndSwap(errStarting, nil) }

// Stop makes /readyz reply 503 from now on, so that a load balancer sends no more
// requests while those that still come are completed.
func (a *Admin) Stop() { a.phase.Store(errStopping) }

func (a *Admin) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

func (a *Admin) ready(w http.ResponseWriter, r *http.Request) error {
	if a.phase.Load() == errStopping {
		return errStopping
	}
	if err := a.verifier.Ready(); err != nil {
		return &notReadyError{"there is no key to verify tokens with", err}
	}
	if err := a.checks.answer(r.Context()); err != nil {
		return err
	}
	if phase := a.phase.Load(); phase != nil { // it may have begun during the check
		return phase
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// check asks whether the server may work on the database.
func (a *Admin) check(ctx context.Context) error {
	_, err := a.db.Check(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, db.ErrReadOnly):
		return &notReadyError{"the database is read-only", err}
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return &notReadyError{"the database does not answer", err}
	case errors.Is(err, db.ErrRLS):
		return &notReadyError{"row-level security does not hold", err}
	case errors.Is(err, db.ErrSettings):
		return &notReadyError{"the settings of a session do not fit", err}
	default:
		return &notReadyError{"the schema does not fit", err}
	}
}

// notReadyError is a failed check of /readyz. The reply names the check; only the log
// has the cause.
type notReadyError struct {
	check string
	cause error
}

func (e *notReadyError) Error() string { return "not ready: " + e.check + ": " + e.cause.Error() }
func (e *notReadyError) Unwrap() error { return e.cause }

var (
	errStarting = &notReadyError{"the server is starting", errors.New("not listening yet")}
	errStopping = &notReadyError{"the server is stopping", errors.New("stop requested")}
)
