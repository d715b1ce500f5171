package http_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// newAdmin serves the probes of a server on a database; the result of a check is
// reused for maxAge.
func newAdmin(t *testing.T, database string, maxAge time.Duration, verifier auth.Config) (*api, *todohttp.Admin) {
	t.Helper()
	a := &api{t: t, database: database, log: &syncedBuffer{}, offContract: true}
	log := slog.New(slog.NewJSONHandler(a.log, nil))
	v, err := auth.New(verifier)
	if err != nil {
		t.Fatal(err)
	}
	admin := todohttp.NewAdmin(todohttp.Config{DB: dbtest.Pool(t, database), Verifier: v, Log: log, ReadyMaxAge: maxAge})
	a.url = listen(t, admin, log)
	return a, admin
}

var withSecret = auth.Config{Secret: []byte(secret)}

// mustNotBeReady checks what a probe is told, and that the cause is in the log alone.
func (a *api) mustNotBeReady(check, cause string) {
	a.t.Helper()
	reply := a.do("", "GET", "/readyz", "").must(a.t, 503)
	if p := reply.problem(a.t); p.Type != "/problems/unavailable" || p.Detail != "not ready: "+check {
		a.t.Errorf("%q, want it to name %q", p.Detail, check)
	}
	if strings.Contains(reply.body, cause) || !strings.Contains(a.log.String(), cause) {
		a.t.Errorf("the cause %q is not in the log alone: %s\n%s", cause, reply.body, a.log)
	}
	if got := a.do("", "GET", "/livez", "").must(a.t, 200).body; got != `{"status":"alive"}` {
		a.t.Error(got)
	}
}

func TestAdminReadyzAcceptsAServerThatWorks(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'probed_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'owns-nothing'; GRANT todo_app TO %[1]s", login))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+login) })
	for name, url := range map[string]string{"as the owner": url, "as a login that owns nothing": dbtest.As(t, url, login, "owns-nothing")} {
		t.Run(name, func(t *testing.T) {
			a, _ := newAdmin(t, url, time.Nanosecond, withSecret)
			if got := a.do("", "GET", "/readyz", "").must(t, 200).body; got != `{"status":"ready"}` {
				t.Error(got)
			}
			a.do("", "HEAD", "/readyz", "").must(t, 200)
			if log := a.log.String(); log != "" {
				t.Errorf("probes that succeed fill the log: %s", log)
			}
		})
	}
}

func TestAdminReadyzNamesTheFailedCheckAndNotItsCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ damage, check, cause string }{
		"schema": {"UPDATE schema_migrations SET dirty = true, version = 9", "the schema does not fit", "is dirty"},
		"wall":   {"ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY", "row-level security does not hold", "of tasks is not enabled and forced"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _ := newAdmin(t, dbtest.New(t, dbtest.NeonOwner), time.Nanosecond, withSecret)
			a.do("", "GET", "/readyz", "").must(t, 200)
			dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), c.damage)
			a.mustNotBeReady(c.check, c.cause)
		})
	}
	t.Run("database", func(t *testing.T) {
		a, _ := newAdmin(t, "postgres://nobody:hunter2@127.0.0.1:1/none", time.Nanosecond, withSecret)
		a.mustNotBeReady("the database does not answer", "127.0.0.1")
		if strings.Contains(a.log.String(), "hunter2") {
			t.Error("the log has the password")
		}
	})
	t.Run("keys", func(t *testing.T) {
		a, _ := newAdmin(t, dbtest.New(t, dbtest.NeonOwner), time.Nanosecond, auth.Config{JWKSURL: "https://issuer.invalid/jwks"})
		a.mustNotBeReady("there is no key to verify tokens with", "no verification keys available")
	})
}

func TestAdminReadyzRecoversWhenTheFaultIsMended(t *testing.T) {
	t.Parallel()
	a, _ := newAdmin(t, dbtest.New(t, dbtest.NeonOwner), time.Nanosecond, withSecret)
	super := dbtest.SuperuserURL(t, a.database)
	dbtest.Exec(t, super, "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
	a.do("", "GET", "/readyz", "").must(t, 503)
	dbtest.Exec(t, super, "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY")
	a.do("", "GET", "/readyz", "").must(t, 200)
}

func TestAdminReadyzRefusesDuringAStopAndLivezDoesNot(t *testing.T) {
	t.Parallel()
	a, admin := newAdmin(t, dbtest.New(t, dbtest.NeonOwner), time.Hour, withSecret)
	a.do("", "GET", "/readyz", "").must(t, 200)
	admin.Stop()
	if p := a.do("", "GET", "/readyz", "").must(t, 503).problem(t); p.Detail != "not ready: the server is stopping" {
		t.Error(p.Detail)
	}
	a.do("", "GET", "/livez", "").must(t, 200)
	if log := a.log.String(); log != "" {
		t.Errorf("a stop that was asked for is logged as a fault: %s", log)
	}
}

func TestAdminReadyzAsksTheDatabaseOnceForManyProbes(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	pool := dbtest.Pool(t, proxy.URL)
	if _, err := pool.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Reset()
	if _, err := pool.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	one := proxy.RoundTrips()
	verifier, err := auth.New(withSecret)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	url := listen(t, todohttp.NewAdmin(todohttp.Config{DB: pool, Verifier: verifier, Log: log, ReadyMaxAge: time.Hour}), log)
	proxy.Reset()
	var probes sync.WaitGroup
	for range 50 {
		probes.Go(func() {
			response, err := http.Get(url + "/readyz")
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != 200 {
				t.Error(response.Status)
			}
		})
	}
	probes.Wait()
	// A connection that has been idle for a second may be pinged first.
	if got := proxy.RoundTrips(); got > one+1 {
		t.Errorf("50 probes at once cost %d round trips, one check %d", got, one)
	}
}

func TestAdminAndAPIKeepToTheirOwnAddresses(t *testing.T) {
	t.Parallel()
	a, _ := newAdmin(t, dbtest.New(t, dbtest.NeonOwner), time.Hour, withSecret)
	public := serveDatabase(t, a.database)
	public.offContract = true
	for _, path := range []string{"/livez", "/readyz", "/livez/", "/readyz/"} {
		public.do("", "GET", path, "").must(t, 404)
	}
	for _, path := range []string{"/", "/health", tasksOf(alice), "/openapi.yaml", "/livez/x"} {
		a.do(alice, "GET", path, "").must(t, 404)
	}
	a.do("", "POST", "/readyz", "").must(t, 405)
	a.do("", "GET", "/problems/unavailable", "").must(t, 200)
}
