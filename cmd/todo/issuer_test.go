package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestBetterAuthTokensAreAccepted(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"EdDSA", "ES256", "ES512", "RS256", "PS256"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			i := startIssuer(t, betterAuth, alg)
			database := dbtest.New(t, dbtest.NeonOwner)
			_, address := serving(t, i.withJWKS(database))
			alice, bob := i.signUp(t, "alice@example.test"), i.signUp(t, "bob@example.test")
			alice.mayUse(t, address, alice.token(t))
			bob.mayUse(t, address, bob.token(t))
			if status := alice.status(t, address, bob.token(t)); status != 403 {
				t.Errorf("alice's tasks with bob's token: %d, want 403", status)
			}
			for _, p := range []*person{alice, bob} {
				if email := dbtest.Value[string](t, database, "SELECT email FROM users WHERE id = $1", p.id); email != p.email {
					t.Errorf("%s is stored as %q", p.email, email)
				}
			}
			if status := alice.status(t, address, alice.cookie(t, "better-auth.session_data")); status != 401 {
				t.Errorf("its HS256 cookie, for which no secret is configured: %d, want 401", status)
			}
		})
	}
}

func TestBetterAuthMayRotateItsKeysAndGoDown(t *testing.T) {
	t.Parallel()
	i := startIssuer(t, betterAuth, "EdDSA")
	// Without the token cache, each token is verified with the keys.
	_, address := serving(t, i.withJWKS(dbtest.New(t, dbtest.NeonOwner), "TOKEN_CACHE_SIZE=0"))
	alice := i.signUp(t, "alice@example.test")
	old := alice.token(t)
	alice.mayUse(t, address, old)

	i.expireKeys(t, 0)
	rotated := alice.token(t)
	alice.getsIn(t, 30*time.Second, address, rotated, 200)
	if status := alice.status(t, address, old); status != 200 {
		t.Errorf("a token of the key before, which is still published: %d, want 200", status)
	}

	bob := i.signUp(t, "bob@example.test")
	unseen := bob.token(t)
	i.expireKeys(t, 0)
	unknown := bob.token(t)
	i.stop(t)
	for name, token := range map[string]string{"old": old, "new": rotated} {
		if status := alice.status(t, address, token); status != 200 {
			t.Errorf("the %s key, the issuer being down: %d, want 200", name, status)
		}
	}
	bob.mayUse(t, address, unseen)
	if status := bob.status(t, address, unknown); status != 503 {
		t.Errorf("a key that cannot be fetched: %d, want 503", status)
	}
}

func TestBetterAuthKeyIsRefusedOnceDropped(t *testing.T) {
	t.Parallel()
	i := startIssuer(t, betterAuth, "EdDSA")
	_, address := serving(t, i.withJWKS(dbtest.New(t, dbtest.NeonOwner)))
	alice := i.signUp(t, "alice@example.test")
	old := alice.token(t)
	alice.mayUse(t, address, old)
	i.expireKeys(t, 31*24*time.Hour) // longer than it publishes an expired key
	alice.getsIn(t, 30*time.Second, address, alice.token(t), 200)
	alice.getsIn(t, 30*time.Second, address, old, 401)
}

func TestBetterAuthCookieIsAccepted(t *testing.T) {
	t.Parallel()
	i := startIssuer(t, betterAuth, "EdDSA")
	alice := i.signUp(t, "alice@example.test")
	cookie := alice.cookie(t, "better-auth.session_data")
	var mail string
	sendOK(t, http.DefaultClient, "GET", i.url+"/control/mail", "", &mail)
	for name, test := range map[string]struct {
		environment []string
		plugin      int // the status for the JWT plugin's token
	}{
		"the secret alone": {environment(dbtest.New(t, dbtest.NeonOwner), "JWT_USER_CLAIM=user.id"), 401},
		"the secret and the key set": {i.withJWKS(dbtest.New(t, dbtest.NeonOwner),
			"BETTER_AUTH_SECRET="+testSecret, "HS256_ISSUER=", "HS256_AUDIENCE=", "HS256_USER_CLAIM=user.id"), 200},
	} {
		t.Run(name, func(t *testing.T) {
			_, address := serving(t, test.environment)
			alice.mayUse(t, address, cookie)
			if status := alice.status(t, address, alice.token(t)); status != test.plugin {
				t.Errorf("the JWT plugin's token: %d, want %d", status, test.plugin)
			}
			// The token in a verification mail is signed with the same secret and
			// has the claims email, userId, iat and exp.
			if status := alice.status(t, address, mail); status != 401 || strings.Count(mail, ".") != 2 {
				t.Errorf("the token of a mail: %d, want 401", status)
			}
		})
	}
}

func TestNeonAuthTokensAreAccepted(t *testing.T) {
	t.Parallel()
	i := startIssuer(t, neonAuth, "EdDSA")
	database := dbtest.New(t, dbtest.NeonOwner)
	_, address := serving(t, i.withJWKS(database))
	alice := i.signUp(t, "alice@example.test")
	token := alice.token(t)
	for _, claim := range []string{`"role":"authenticated"`, `"banned":false`, `"iss":"` + i.url + `"`, `"aud":"` + i.url + `"`} {
		if claims := claimsOf(t, token); !strings.Contains(claims, claim) {
			t.Errorf("not Neon's shape: no %s in %s", claim, claims)
		}
	}
	alice.mayUse(t, address, token)
	if email := dbtest.Value[string](t, database, "SELECT email FROM users WHERE id = $1", alice.id); email != alice.email {
		t.Errorf("%s is stored as %q", alice.email, email)
	}
	_, strict := serving(t, append(i.withJWKS(database), "JWT_AUDIENCE="+i.base))
	if status := alice.status(t, strict, token); status != 401 {
		t.Errorf("the audience being the URL with its path: %d, want 401", status)
	}
}

// createTask returns the status of creating a task.
func createTsendOK(t *testing.T, address, user, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/api/"+user+"/tasks", strings.NewReader(`{"title":"Buy milk"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// status returns the status of listing the person's tasks.
func (p *person) status(t *testing.T, address, token string) int {
	t.Helper()
	status, _ := get(t, address, "/api/"+p.id+"/tasks", token)
	return status
}

// mayUse checks that a token gives access to its owner's tasks and to no others.
func (p *person) mayUse(t *testing.T, address, token string) {
	t.Helper()
	if status := createTsendOK(t, address, p.id, token); status != 201 {
		t.Errorf("creating a task: %d, want 201", status)
	}
	if status, body := get(t, address, "/api/"+p.id+"/tasks", token); status != 200 || !strings.Contains(body, "Buy milk") {
		t.Errorf("reading it: %d %s", status, body)
	}
	if status, _ := get(t, address, "/api/somebody-else/tasks", token); status != 403 {
		t.Errorf("another user's tasks: %d, want 403", status)
	}
}

// getsIn waits until a token of a key that the server does not know gets a status, since
// the key set is fetched at most every 10 seconds. Until then it must be 503: a 401 would
// log the person out.
func (p *person) getsIn(t *testing.T, limit time.Duration, address, token string, want int) {
	t.Helper()
	deadline := time.After(limit)
	for {
		switch status := p.status(t, address, token); status {
		case want:
			return
		case 503:
		default:
			t.Fatalf("%d while the key is unknown, want 503 and then %d", status, want)
		}
		select {
		case <-deadline:
			t.Fatalf("still 503 after %s", limit)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
