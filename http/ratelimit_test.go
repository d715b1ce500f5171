package http_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// Limits of which a slow machine does not get back a request while a test runs.
const slow = 0.001

// limiting is a server on which a user may send n requests, and an address may fail n
// times.
func limiting(t *testing.T, perSecond float64, proxies ...string) *api {
	t.Helper()
	return serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) {
		c.RateLimit, c.AuthFailureLimit, c.TrustedProxies = perSecond, perSecond, prefixes(t, proxies...)
	})
}

func TestRateLimitIsEachUsersOwnWhateverTheyAskFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ method, path, body string }{
		{"GET", tasksOf(alice), ""},
		{"HEAD", tasksOf(alice), ""},
		{"OPTIONS", tasksOf(alice), ""},
		{"POST", tasksOf(alice), `{"title":"a"}`},
		{"PATCH", tasksOf(alice) + "?all=true", `{"completed":true}`},
		{"DELETE", tasksOf(alice) + "?all=true", ""},
		{"GET", "/api/alice/tasks/1", ""},
		{"PATCH", "/api/alice/tasks/1/complete", ""},
		{"GET", "/api/alice/changes", ""},
		{"GET", "/api/alice", ""},
		{"GET", "/api/alice/export", ""},
		{"GET", tasksOf(bob), ""},         // 403
		{"GET", "/api/alice/nothing", ""}, // 404
		{"PUT", "/api/alice", "{}"},       // 405
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			t.Parallel()
			a := limiting(t, slow)
			first := a.do(alice, c.method, c.path, c.body)
			if first.StatusCode == 429 || first.Header.Get("RateLimit") != `"default";r=0;t=1000` || first.Header.Get("RateLimit-Policy") != `"default";q=1;w=1000` {
				t.Errorf("%d %v", first.StatusCode, first.Header)
			}
			second := a.do(alice, c.method, c.path, c.body).must(t, 429)
			wait, err := strconv.Atoi(second.Header.Get("Retry-After"))
			if state := fmt.Sprintf(`"default";r=0;t=%d`, wait); err != nil || wait < 1 || wait > 1000 || second.Header.Get("RateLimit") != state {
				t.Errorf("%v", second.Header)
			}
			if c.method != "HEAD" {
				if p := second.problem(t); p.Type != "/problems/rate-limited" {
					t.Error(p)
				}
			}
			a.do(bob, "GET", tasksOf(bob), "").must(t, 200)
		})
	}
}

func TestRateLimitCountsAStreamOnceAndNoPreflight(t *testing.T) {
	t.Parallel()
	a := limiting(t, slow)
	for range 5 {
		a.do("", "OPTIONS", tasksOf(alice), "", "Origin: https://app.example", "Access-Control-Request-Method: GET").must(t, 204)
	}
	stream := a.stream(alice, "")
	if got := stream.reply.Header.Get("RateLimit"); got != `"default";r=0;t=1000` {
		t.Errorf("%q", got)
	}
}

func TestRateLimitHeadersCanBeReadByAFrontend(t *testing.T) {
	t.Parallel()
	a := limiting(t, slow)
	for _, status := range []int{200, 429} {
		exposed := strings.ToLower(a.do(alice, "GET", tasksOf(alice), "", "Origin: https://app.example").must(t, status).Header.Get("Access-Control-Expose-Headers"))
		for _, name := range []string{"ratelimit", "ratelimit-policy", "retry-after"} {
			if !strings.Contains(", "+exposed+",", ", "+name+",") {
				t.Errorf("%s is not among %s", name, exposed)
			}
		}
	}
}

func TestRateLimitThatIsOffSaysNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for range 200 {
		if got := a.do(alice, "GET", tasksOf(alice)+"/1", "").must(t, 404); got.Header.Get("RateLimit")+got.Header.Get("RateLimit-Policy") != "" {
			t.Fatal(got.Header)
		}
	}
}

func TestRateLimitGivesBackWhatTimeHasPassed(t *testing.T) {
	t.Parallel()
	a := limiting(t, 20)
	a.do(alice, "GET", "/api/alice", "").must(t, 200)
	eventually(t, "a 429", func() bool { return a.do(alice, "GET", "/api/alice/1", "").StatusCode == 429 })
	eventually(t, "another reply", func() bool { return a.do(alice, "GET", "/api/alice", "").StatusCode == 200 })
}

func TestAuthFailuresOfAnAddressAreLimitedAndValidTokensServed(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"no token":    nil,
		"a bad token": {"Authorization: Bearer " + strings.Repeat("x", 40)},
		"basic":       {"Authorization: Basic eDp4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.AuthFailureLimit = slow })
			if got := a.do("", "GET", tasksOf(alice), "", headers...).must(t, 401); got.Header.Get("WWW-Authenticate") == "" {
				t.Error(got.Header)
			}
			for range 3 {
				refused := a.do("", "GET", tasksOf(alice), "", headers...).must(t, 429)
				wait, err := strconv.Atoi(refused.Header.Get("Retry-After"))
				if err != nil || wait < 1 || wait > 1000 || refused.problem(t).Type != "/problems/rate-limited" || refused.Header.Get("RateLimit") != "" {
					t.Errorf("%v %s", refused.Header, refused.body)
				}
				a.do(alice, "GET", tasksOf(alice), "").must(t, 200)
				a.do(bob, "GET", tasksOf(alice), "").must(t, 403)
				a.do("", "GET", "/health", "").must(t, 200)
			}
		})
	}
}

func TestAuthFailuresAreCountedByTheAddressBehindATrustedProxy(t *testing.T) {
	t.Parallel()
	behind := limiting(t, slow, "127.0.0.1", "::1")
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"} {
		behind.do("", "GET", tasksOf(alice), "", "X-Forwarded-For: 203.0.113.9, "+address).must(t, 401)
		behind.do("", "GET", tasksOf(alice), "", "X-Forwarded-For: 203.0.113.10, "+address).must(t, 429)
	}
	behind.do("", "GET", tasksOf(alice), "", "X-Forwarded-For: 2001:db8::2").must(t, 429)

	direct := limiting(t, slow)
	direct.do("", "GET", tasksOf(alice), "", "X-Forwarded-For: 192.0.2.1").must(t, 401)
	for n := range 3 {
		direct.do("", "GET", tasksOf(alice), "", fmt.Sprint("X-Forwarded-For: 192.0.2.", n)).must(t, 429)
	}
	const hint = "set TRUSTED_PROXIES"
	eventually(t, "a hint", func() bool { return strings.Contains(direct.log.String(), hint) })
	if n := strings.Count(direct.log.String(), hint); n != 1 || strings.Contains(behind.log.String(), hint) {
		t.Errorf("%d hints\n%s", n, behind.log)
	}
}
