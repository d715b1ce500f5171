package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/http/npmtest"
)

// issuer is the real better-auth package, on a port of its own.
type issuer struct {
	*program
	url  string // its origin, which is iss and aud of its tokens
	base string // of its API
	jwks string
	exit func() error // makes it exit
}

const (
	betterAuth = "better-auth"
	neonAuth   = "neon"
)

func startIssuer(t *testing.T, shape, alg string) *issuer {
	t.Helper()
	node := dbtest.Need(t, "node")
	dir := npmtest.Install(t, "../../auth/testdata/issuer")
	p := &program{Cmd: exec.Command(node, "server.mjs", shape, alg), out: &output{}, log: &output{}, ended: make(chan error, 1)}
	p.Dir, p.Env = dir, append(os.Environ(), "BETTER_AUTH_SECRET="+testSecret)
	p.Stdout, p.Stderr = p.out, p.log
	stdin, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.start(t)
	var ready struct{ URL string }
	if err := json.Unmarshal([]byte(p.waitFor(t, p.out, `"url"`)), &ready); err != nil {
		t.Fatal(err)
	}
	i := &issuer{program: p, url: ready.URL, base: ready.URL + "/api/auth", exit: stdin.Close}
	i.jwks = i.base + "/jwks"
	if shape == neonAuth {
		i.base = ready.URL + "/neondb/auth"
		i.jwks = i.base + "/.well-known/jwks.json"
	}
	// better-auth makes its first key on the first request that needs one. Two
	// concurrent ones, of a sign-in and the server, would make two keys, of which the
	// server would know one.
	sendOK(t, http.DefaultClient, "GET", i.jwks, "", nil)
	return i
}

// stop stops the issuer, as in an outage.
func (i *issuer) stop(t *testing.T) {
	t.Helper()
	if err := errors.Join(i.exit(), i.wait(t)); err != nil {
		t.Fatal(err)
	}
}

// expireKeys makes every key of the issuer expire that long ago, as if time had
// passed.
func (i *issuer) expireKeys(t *testing.T, ago time.Duration) {
	t.Helper()
	sendOK(t, http.DefaultClient, "POST", fmt.Sprintf("%s/control/expire?ago=%.0f", i.url, ago.Seconds()), "", nil)
}

// person is a user with a session at the issuer.
type person struct {
	issuer    *issuer
	client    *http.Client
	id, email string
}

func (i *issuer) signUp(t *testing.T, email string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{issuer: i, client: &http.Client{Jar: jar}, email: email}
	var reply struct{ User struct{ ID string } }
	body := fmt.Sprintf(`{"name":"Somebody","email":%q,"password":"correct horse battery"}`, email)
	sendOK(t, p.client, "POST", i.base+"/sign-up/email", body, &reply)
	if p.id = reply.User.ID; p.id == "" {
		t.Fatal("the issuer gave no user id")
	}
	return p
}

// token returns a token of the JWT plugin.
func (p *person) token(t *testing.T) string {
	t.Helper()
	var reply struct{ Token string }
	sendOK(t, p.client, "GET", p.issuer.base+"/token", "", &reply)
	return reply.Token
}

// cookie returns the value of a cookie that the issuer has set.
func (p *person) cookie(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(p.issuer.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("the issuer has set no cookie %s", name)
	return ""
}

// sendOK sends a request that must succeed and decodes the reply, unless into is nil;
// a *string takes the body as it is.
func sendOK(t *testing.T, client *http.Client, method, url, body string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = errors.New(response.Status)
	}
	if s, ok := into.(*string); ok {
		*s = string(reply)
	} else if err == nil && into != nil {
		err = json.Unmarshal(reply, into)
	}
	if err != nil {
		t.Fatalf("%s %s: %v: %s", method, url, err, reply)
	}
}

// withJWKS returns an environment that trusts the key set of the issuer only.
func (i *issuer) withJWKS(database string, more ...string) []string {
	return append([]string{"DATABASE_URL=" + database, "JWKS_URL=" + i.jwks, "JWT_ISSUER=" + i.url, "JWT_AUDIENCE=" + i.url}, more...)
}

// claimsOf returns the unverified payload of a token.
func claimsOf(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[len(parts)/2])
	if err != nil {
		t.Fatal(err)
	}
	return string(claims)
}
