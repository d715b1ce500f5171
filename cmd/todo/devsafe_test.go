package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestDevListensOnLoopbackUnlessADDRSaysOtherwise(t *testing.T) {
	for _, c := range []struct{ variable, configured, want string }{
		{"", ":8000", "127.0.0.1:8000"},
		{"", ":3000", "127.0.0.1:3000"},
		{":8000", ":8000", ":8000"},
		{"192.168.1.5:80", "192.168.1.5:80", "192.168.1.5:80"},
	} {
		t.Setenv("ADDR", c.variable)
		if got, err := devAddress(c.configured); got != c.want || err != nil {
			t.Errorf("ADDR=%s: %s, %v", c.variable, got, err)
		}
	}
}

// developingOn starts dev on a database of the tests.
func developingOn(t *testing.T, environment ...string) (p *program, address string) {
	t.Helper()
	environment = append(environment, "DATABASE_URL="+dbtest.New(t, dbtest.NeonOwner))
	p = command(t, environment, "dev", "--addr", "127.0.0.1:0", "--data", dataFolder(t)).start(t)
	p.waitFor(t, p.out, "Ctrl-C stops it")
	_, address, _ = strings.Cut(p.waitFor(t, p.log, `"msg":"listening"`), `"address":"`)
	address, _, _ = strings.Cut(address, `"`)
	return p, address
}

// bearer returns the token that dev printed, or nothing.
func bearer(p *program) string {
	for line := range strings.Lines(p.out.String()) {
		if strings.HasPrefix(line, "eyJ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// A token of the issuer's secret is good on every server that has it: dev gives none away,
// but accepts those that the issuer made.
func TestDevSignsWithAKeyOfItsOwnAlone(t *testing.T) {
	t.Parallel()
	secret := "BETTER_AUTH_SECRET=" + testSecret
	p, address := developingOn(t, secret)
	token := bearer(p)
	if status, body := get(t, address, "/api/demo/tasks", token); status != 200 {
		t.Errorf("dev does not accept its own token: %d %s", status, body)
	}
	if status, body := get(t, address, "/api/alice/tasks", todo(t, []string{secret}, "token", "--user", "alice")); status != 200 {
		t.Errorf("dev does not accept a token of BETTER_AUTH_SECRET: %d %s", status, body)
	}
	verifier, err := auth.New(auth.Config{Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), token); err == nil {
		t.Error("another server with that secret accepts dev's token")
	}
}

func TestDevHasNoTokenWhereBothKeysAreTheIssuers(t *testing.T) {
	t.Parallel()
	p, address := developingOn(t, "BETTER_AUTH_SECRET="+testSecret, "JWKS_URL="+authtest.Start(t).URL)
	if out := p.out.String(); strings.Contains(out, "eyJ") || !strings.Contains(out, "unset one of them") {
		t.Errorf("dev prints %s", out)
	}
	if status, body := get(t, address, "/docs", ""); status != 200 || strings.Contains(body, "eyJ") {
		t.Errorf("the page: %d %s", status, body)
	}
}

func TestDevAnswersNoOtherHostAndNoOtherOrigin(t *testing.T) {
	t.Parallel()
	p, address := developingOn(t)
	ask := func(method, path, host, origin string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", "GET")
		reply, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = reply.Body.Close()
		return reply
	}
	for _, path := range []string{"/docs", keySetPath, "/api/demo/tasks", "/health"} {
		if got := ask("GET", path, "evil.example", ""); got.StatusCode != 403 {
			t.Errorf("%s for another host: %d", path, got.StatusCode)
		}
	}
	if got := ask("GET", keySetPath, "localhost", ""); got.StatusCode != 200 {
		t.Errorf("the key set: %d", got.StatusCode)
	}
	for origin, want := range map[string]string{"http://localhost:4321": "http://localhost:4321", "http://[::1]:99": "http://[::1]:99", "https://evil.example": ""} {
		if got := ask("OPTIONS", "/api/demo/tasks", "localhost", origin).Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: %q", origin, got)
		}
	}
	p.waitFor(t, p.log, `"origin":"https://evil.example"`)
}

func TestDevAloneReadsTheEnvironmentFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	database := dbtest.New(t, dbtest.NeonOwner)
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# as .env.example has it\nDATABASE_URL='" + database + "'\nADDR=127.0.0.1:0\nAUTH_FAILURE_LIMIT=nonsense\n")
	p := command(t, []string{"AUTH_FAILURE_LIMIT=5"}, "dev", "--data", dataFolder(t))
	p.Dir = folder
	p.start(t).waitFor(t, p.out, "Ctrl-C stops it") // a variable that is set wins
	if !strings.Contains(p.out.String(), "from .env") {
		t.Errorf("nothing says that .env is read: %s", p.out)
	}
	serve := command(t, nil, "serve")
	serve.Dir = folder
	if err := serve.Run(); err == nil || !strings.Contains(serve.log.String(), "DATABASE_URL is not set") {
		t.Errorf("serve: %v %s", err, serve.log)
	}
	write("DATABASE_URL=\"hunter2\nhunter2 ! hunter2")
	broken := command(t, nil, "dev")
	broken.Dir = folder
	if err := broken.Run(); err == nil || !strings.Contains(broken.log.String(), ".env: must have lines such as NAME=value") || strings.Contains(broken.log.String(), "hunter2") {
		t.Errorf("a broken file: %v %s", err, broken.log)
	}
}
