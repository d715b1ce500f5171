package http_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// A page that a browser loads from a name of somebody else's, which their DNS leads to this
// machine, must not get the token that the docs page of a server for development has in it.
func TestLocalHostsAreThoseOfThisMachine(t *testing.T) {
	t.Parallel()
	const own = "127.0.0.1:8000"
	for _, c := range []struct {
		addr, host string
		answered   bool
	}{
		{own, "localhost:8000", true},
		{own, "LOCALHOST", true},
		{own, "localhost.", true},
		{own, "app.localhost:8000", true},
		{own, "127.0.0.1:8000", true},
		{own, "127.8.9.10", true},
		{own, "[::1]:8000", true},
		{own, "[::1]", true},
		{own, "evil.example:8000", false},
		{own, "localhost.evil.example", false},
		{own, "evillocalhost", false},
		{own, "127.0.0.1.evil.example", false},
		{own, "192.168.1.5:8000", false},
		{own, "0.0.0.0:8000", false},
		{own, "", false},
		{"dev.example:8000", "dev.example:8000", true},
		{"dev.example:8000", "DEV.example", true},
		{"dev.example:8000", "localhost", true},
		{"dev.example:8000", "evil.example", false},
		{"192.168.1.5:8000", "192.168.1.5", true},
		{"192.168.1.5:8000", "192.168.1.6", false},
		{":8000", "192.168.1.5:8000", true},
		{"0.0.0.0:8000", "[fe80::1]:8000", true},
		{"[::]:8000", "10.0.0.1", true},
		{":8000", "evil.example", false},
		{":8000", "", false},
	} {
		if got := todohttp.LocalHosts(c.addr)(c.host); got != c.answered {
			t.Errorf("a server on %s, asked for %q: %t", c.addr, c.host, got)
		}
	}
}

func TestHostsThatAreNotThisMachinesAreRefused(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) {
		c.Docs, c.DemoUser, c.DemoToken, c.Hosts = true, "demo", token(t, "demo"), todohttp.LocalHosts("127.0.0.1:8000")
	})
	a.offContract = true // which is that of servers in production
	for _, path := range []string{"/docs", "/api/demo/tasks", "/health", "/openapi.yaml", "/nowhere"} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "evil.example:8000"
		reply := a.send(request)
		if p := reply.problem(t); p.Status != 403 || !strings.Contains(p.Detail, "localhost") || strings.Contains(reply.body, "eyJ") {
			t.Errorf("%s: %d %s", path, reply.StatusCode, reply.body)
		}
	}
	if got := a.do("", "GET", "/docs", "").must(t, 200); !strings.Contains(got.body, "eyJ") {
		t.Error("the page has no token")
	}
}

func TestCORSAllowsAnyOriginOfThisMachineInDevelopment(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.CORSOrigins, c.CORSLoopback = nil, true })
	for origin, allowed := range map[string]bool{
		"http://localhost:3000": true, "http://localhost": true, "https://localhost:5173": true, "http://app.localhost:8080": true,
		"http://127.0.0.1:4200": true, "http://[::1]:3000": true,
		"http://evil.example": false, "http://localhost.evil.example": false, "http://localhost:3000.evil.example": false,
		"http://evil.example/localhost": false, "http://localhost@evil.example": false, "http://192.168.1.5:3000": false, "null": false, "file://localhost": false,
	} {
		got := a.do("", "OPTIONS", "/api/demo/tasks", "", "Origin: "+origin, "Access-Control-Request-Method: GET")
		if allow := got.Header.Get("Access-Control-Allow-Origin"); (allow == origin) != allowed || !allowed && allow != "" {
			t.Errorf("%s: %q", origin, allow)
		}
	}
}

// Only the browser says otherwise that a page may not read a reply, and to the developer of
// the page alone.
func TestCORSLogsTheOriginsThatAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const says = "it is not in CORS_ORIGINS"
	a.do(alice, "GET", "/api/alice/tasks", "")
	a.do(alice, "GET", "/api/alice/tasks", "", "Origin: https://app.example")
	a.do(alice, "GET", "/api/alice/tasks", "", "Origin: "+a.url)
	if log := a.log.String(); strings.Contains(log, says) {
		t.Errorf("nothing was refused, but the log says so: %s", log)
	}
	for _, origin := range []string{"https://other.example:8443", "hunter2 is no origin"} {
		a.do("", "OPTIONS", "/api/alice/tasks", "", "Origin: "+origin, "Access-Control-Request-Method: GET")
	}
	for range 50 {
		a.do(alice, "GET", "/api/alice/tasks", "", "Origin: https://other.example:8443")
	}
	log := a.log.String()
	if !strings.Contains(log, `"origin":"https://other.example:8443"`) || !strings.Contains(log, `"origin":"unreadable"`) || strings.Contains(log, "hunter2") {
		t.Errorf("the log does not name what was refused: %s", log)
	}
	if n := strings.Count(log, says); n < 10 || n > 40 {
		t.Errorf("%d of 52 refusals are in the log", n)
	}
}
