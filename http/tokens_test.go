package http_test

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// trusting is a server that trusts what a verifier's configuration says.
func trusting(t *testing.T, c auth.Config) *api {
	t.Helper()
	a := &api{t: t, log: &syncedBuffer{}}
	log := slog.New(slog.NewJSONHandler(a.log, nil))
	c.Log, c.CacheSize = log, 100
	verifier, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	a.url = listen(t, todohttp.NewHandler(todohttp.Config{DB: dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner)), Verifier: verifier, Log: log}), log)
	return a
}

func (a *api) bearing(token string) response {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), "GET", a.url+tasksOf(authtest.User.UserID), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return a.send(request)
}

// sendable tells whether a header can carry a token unchanged: net/http refuses
// control characters and trims white space.
func sendable(token string) bool {
	return strings.TrimSpace(token) == token && !strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func TestAuthRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	both := issuer.Config()
	secretOnly, keysOnly := both, both
	secretOnly.JWKSURL = ""
	keysOnly.Secret = nil
	for name, config := range map[string]auth.Config{"secret and key set": both, "secret alone": secretOnly, "key set alone": keysOnly} {
		t.Run(name, func(t *testing.T) {
			a := trusting(t, config)
			for _, alg := range authtest.Algs {
				trusted := config.Secret != nil
				if alg != "HS256" {
					trusted = config.JWKSURL != ""
				}
				status := 401
				if trusted {
					status = 200
				}
				a.bearing(issuer.Token(alg, nil)).must(t, status)
				for _, attack := range issuer.Attacks(alg) {
					if !sendable(attack.Token) {
						continue
					}
					reply := a.bearing(attack.Token)
					challenge := reply.Header.Get("WWW-Authenticate")
					refused := reply.StatusCode == 401 && strings.HasPrefix(challenge, `Bearer error="invalid_token", error_description="`)
					mayBeNew := reply.StatusCode == 503 && challenge == "" && reply.Header.Get("Retry-After") != "" && !issuer.Names(attack.Token)
					if !refused && !mayBeNew {
						t.Errorf("%s, %s: %d %q", alg, attack.Name, reply.StatusCode, challenge)
					}
				}
			}
			log := a.log.String()
			for _, alg := range authtest.Algs {
				if genuine := issuer.Token(alg, nil); strings.Contains(log, genuine[:strings.IndexByte(genuine, '.')+40]) {
					t.Errorf("the log has a token of %s", alg)
				}
			}
		})
	}
}

func TestAuthIs503ForAKeyThatMayBeNew(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	a := trusting(t, issuer.Config())
	a.bearing(issuer.Token("EdDSA", nil)).must(t, 200)
	issuer.Rotate()
	reply := a.bearing(issuer.Token("EdDSA", nil)).must(t, 503)
	reply.problem(t)
	if wait, err := strconv.Atoi(reply.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 10 || reply.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%v: a challenge makes frontends log their users out", reply.Header)
	}
	eventually(t, "the log says why", func() bool { return strings.Contains(a.log.String(), issuer.Key("EdDSA").ID+`\" is not in the set`) })
	if strings.Contains(a.log.String(), `"level":"ERROR"`) {
		t.Error("anybody can fill the log with errors")
	}
}

func TestAuthTakesATokenOf16KiB(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	a := trusting(t, issuer.Config())
	long := issuer.Token("HS256", map[string]any{"pad": strings.Repeat("x", 11900)})
	if len(long) < 15<<10 || len(long) > 16<<10 {
		t.Fatal(len(long))
	}
	a.bearing(long).must(t, 200)
	a.bearing(" "+long).must(t, 200) // RFC 6750's 1*SP
	a.bearing(issuer.Token("HS256", map[string]any{"pad": strings.Repeat("x", 16<<10)})).must(t, 401)
}

func TestAuthLogsTheFailedCheckWithKeyAndAlgorithm(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	a := trusting(t, issuer.Config())
	forged := issuer.Token("EdDSA", map[string]any{"exp": 1})
	p := a.bearing(forged).must(t, 401).problem(t)
	if p.Detail != "the token has expired" {
		t.Errorf("the client reads %q", p.Detail)
	}
	eventually(t, "the log says why", func() bool {
		for line := range strings.Lines(a.log.String()) {
			if strings.Contains(line, p.RequestID) && strings.Contains(line, `"token_alg":"EdDSA"`) && strings.Contains(line, `"token_kid":"`) && strings.Contains(line, "expired") {
				return true
			}
		}
		return false
	})
	if strings.Contains(a.log.String(), forged[:60]) {
		t.Error("the log has the token")
	}
}

func TestAuthIs503WhileTheIssuerWasNeverReached(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	token := issuer.Token("EdDSA", nil)
	for _, fault := range authtest.Faults {
		if fault == authtest.Slow {
			continue
		}
		t.Run(string(fault), func(t *testing.T) {
			issuer := authtest.Start(t)
			issuer.SetFault(fault)
			a := trusting(t, issuer.Config())
			reply := a.bearing(token).must(t, 503)
			reply.problem(t)
			if wait, err := strconv.Atoi(reply.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 10 {
				t.Errorf("Retry-After: %q", reply.Header.Get("Retry-After"))
			}
			if reply.Header.Get("WWW-Authenticate") != "" {
				t.Error("a challenge makes frontends log their users out")
			}
			a.bearing(issuer.Token("HS256", nil)).must(t, 200)
		})
	}
}
