package main

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func environment(url string, more ...string) []string {
	return append([]string{"DATABASE_URL=" + url, "BETTER_AUTH_SECRET=" + testSecret}, more...)
}

// serving starts `todo serve` on a free port and returns its address.
func serving(t *testing.T, environment []string) (*program, string) {
	t.Helper()
	p := command(t, environment, "serve", "--addr", "127.0.0.1:0").start(t)
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.waitFor(t, p.log, `"msg":"listening"`)), &line); err != nil {
		t.Fatal(err)
	}
	return p, line.Address
}

func get(t *testing.T, address, path, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeNeverFallsBackToAnEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	refused(t, "todo dev", []string{"BETTER_AUTH_SECRET=" + testSecret}, "serve")
}

func TestServeRefusesAWrongConfigurationInOneLine(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	refused(t, "BETTER_AUTH_SECRET", []string{"DATABASE_URL=" + url}, "serve")
	refused(t, "JWKS_URL", []string{"DATABASE_URL=" + url, "JWKS_URL=http://keys.example/jwks"}, "serve")
	refused(t, "JWKS_MAX_STALE", environment(url, "JWKS_MAX_STALE=soon"), "serve")
	refused(t, "TOKEN_CACHE_SIZE", environment(url, "TOKEN_CACHE_SIZE=-1"), "serve")
	refused(t, "BETTER_AUTH_SECRET", []string{"DATABASE_URL=" + url, "BETTER_AUTH_SECRET=short"}, "serve")
	refused(t, "DATABASE_URL", environment("mysql://user:hunter2@host/db"), "serve")
	refused(t, "ADDR", environment(url, "ADDR=nowhere"), "serve")
	refused(t, "todo migrate up", environment(dbtest.NewEmpty(t, dbtest.NeonOwner)), "serve")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refused(t, "ADDR", environment(url), "serve", "--addr", taken.Addr().String())
}

func TestServeRefusesADatabaseWithoutRowLevelSecurity(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
	refused(t, "ENABLE ROW LEVEL SECURITY", environment(url), "serve")
}

// TestServeWorksOnADistributedDatabase has a database with the setting of one whose
// nodes SET LOCAL does not reach.
func TestServeWorksOnADistributedDatabase(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	_, address := serving(t, environment(url, "DB_DISTRIBUTED=true"))
	if status, _ := get(t, address, "/health", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "ALTER DATABASE "+dbtest.Value[string](t, url, "SELECT current_database()")+" SET citus.propagate_set_commands = 'none'")
	refused(t, "citus.propagate_set_commands", environment(url, "DB_DISTRIBUTED=true"), "serve")
	refused(t, "DB_DISTRIBUTED", environment(url, "DB_DISTRIBUTED=citus"), "serve")
}

func TestServeWarnsOfANewerSchemaAndServes(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "UPDATE schema_migrations SET version = 999999")
	p, address := serving(t, environment(url))
	if status, _ := get(t, address, "/health", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
	p.waitFor(t, p.log, `"schema_version":999999`)
}

// TestServeExitsBeforeItListensOnAnUnusableSchema has an address in use, about which
// a server that comes so far would complain.
func TestServeExitsBeforeItListensOnAnUnusableSchema(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	url := dbtest.New(t, dbtest.NeonOwner)
	env := environment(url)
	serve := []string{"serve", "--addr", taken.Addr().String()}
	todo(t, env, "migrate", "goto", "6")
	refused(t, fmt.Sprintf("the schema is at version 6, this program needs %d: run `todo migrate up`", db.OldestSchema), env, serve...)
	todo(t, env, "migrate", "up")
	dbtest.Exec(t, url, "REVOKE UPDATE (version) ON tasks FROM todo_app")
	refused(t, "permission denied for table tasks", env, serve...)
	dbtest.Exec(t, url, "GRANT UPDATE (version) ON tasks TO todo_app")
	serving(t, env)
}

func TestTokenCommandMakesTokensThatServeAccepts(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for name, more := range map[string][]string{
		"plain":                         nil,
		"issuer, audience, dotted path": {"JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=todo", "JWT_USER_CLAIM=user.id"},
		"claim that looks like a URL":   {"JWT_USER_CLAIM=https://x.example/uid"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(url, more...)
			_, address := serving(t, env)
			token := todo(t, env, "token", "--user", "alice", "--email", "alice@example.test", "--ttl", "1m")
			if status, body := get(t, address, "/api/alice/tasks", token); status != 200 || body != "[]" {
				t.Errorf("%d %s", status, body)
			}
			if status, _ := get(t, address, "/api/bob/tasks", token); status != 403 {
				t.Errorf("bob's: %d", status)
			}
			if more != nil {
				if status, _ := get(t, address, "/api/alice/tasks", todo(t, environment(url), "token", "--user", "alice")); status != 401 {
					t.Errorf("a token without what is configured: %d", status)
				}
			}
		})
	}
	refused(t, "user", environment(url), "token")
	refused(t, "BETTER_AUTH_SECRET", nil, "token", "--user", "alice")
}

func TestServeAppliesSeparateRulesToSecretAndKeySet(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	pem, err := auth.EncodeKey(issuer.Key("EdDSA").Signer.(ed25519.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(dbtest.New(t, dbtest.NeonOwner), "JWKS_URL="+issuer.URL, "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=todo",
		"HS256_ISSUER=", "HS256_AUDIENCE=", "HS256_USER_CLAIM=user.id")
	_, address := serving(t, env)
	cookie := todo(t, environment("", "JWT_USER_CLAIM=user.id"), "token", "--user", "alice")
	if status, body := get(t, address, "/api/alice/tasks", cookie); status != 200 {
		t.Errorf("a token of the secret without issuer and audience: %d %s", status, body)
	}
	for _, alg := range authtest.KeySetAlgs {
		for named, status := range map[bool]int{true: 200, false: 401} {
			claims := map[string]any{"sub": "alice", "iss": "https://issuer.example", "aud": "todo"}
			if !named {
				claims["aud"] = "another"
			}
			if got, body := get(t, address, "/api/alice/tasks", issuer.Token(alg, claims)); got != status {
				t.Errorf("%s with its audience %t: %d %s", alg, named, got, body)
			}
		}
	}
	out, _, err := inspect(t, env, cookie)
	if err != nil || !strings.Contains(out, "the shared secret") {
		t.Errorf("inspect: %v\n%s", err, out)
	}
}

func TestTokenInspectPrintsTheCheckThatFails(t *testing.T) {
	t.Parallel()
	env := environment("", "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=todo")
	good := todo(t, env, "token", "--user", "alice", "--email", "alice@example.test")
	for _, pasted := range []string{good, good + "\n", "Bearer " + good, "bearer   " + good, "Authorization: Bearer " + good + "\r\n"} {
		if out, _, err := inspect(t, env, pasted); err != nil || strings.Contains(out, "REFUSED") || !strings.Contains(out, `claim "sub" is "alice"`) {
			t.Errorf("%v\n%s", err, out)
		}
	}
	for name, c := range map[string]struct {
		token, check string
	}{
		"another audience": {todo(t, environment("", "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=other"), "token", "--user", "alice"), "aud"},
		"no issuer":        {todo(t, environment("", "JWT_AUDIENCE=todo"), "token", "--user", "alice"), "iss"},
		"another secret":   {todo(t, []string{"BETTER_AUTH_SECRET=another-secret-that-has-32-bytes", "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=todo"}, "token", "--user", "alice"), "signature"},
		"no token":         {"hello", "form"},
		"nothing":          {"", "form"},
	} {
		out, _, err := inspect(t, env, c.token)
		if err == nil || !regexp.MustCompile(`(?m)^`+c.check+` +REFUSED`).MatchString(out) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if strings.Count(out, "REFUSED") != 1 {
			t.Errorf("%s: more than one check fails:\n%s", name, out)
		}
		if len(c.token) > 20 && strings.Contains(out, c.token[len(c.token)-20:]) {
			t.Errorf("%s: inspect shows the token", name)
		}
	}
}

func inspect(t *testing.T, environment []string, token string) (out, log string, err error) {
	t.Helper()
	p := command(t, environment, "token", "inspect")
	p.Stdin = strings.NewReader(token)
	err = p.Run()
	return p.out.String(), p.log.String(), err
}

func TestServeFinishesRequestsInProgressWhenStopped(t *testing.T) {
	t.Parallel()
	env := environment(dbtest.New(t, dbtest.NeonOwner))
	p, address := serving(t, env)
	body, write := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/api/alice/tasks", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+todo(t, env, "token", "--user", "alice"))
	// The client sends its body only when the handler reads it, which shows that the
	// request is in progress.
	request.Header.Set("Expect", "100-continue")
	client := &http.Transport{ExpectContinueTimeout: time.Minute}
	replies := make(chan int, 1)
	go func() {
		response, err := client.RoundTrip(request)
		if err != nil {
			replies <- 0
			return
		}
		_ = response.Body.Close()
		replies <- response.StatusCode
	}()
	if _, err := io.WriteString(write, `{"title":`); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, p.log, `"msg":"stopping"`)
	if _, err := io.WriteString(write, `"begun before the stop"}`); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	if status := <-replies; status != 201 {
		t.Errorf("the request in progress got %d", status)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("serve ended with %v: %s", err, p.log)
	}
}

func TestSeedFillsAnEmptyDatabaseOnly(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	env := environment(url)
	todo(t, env, "seed", "--users", "30", "--tasks-per-user", "7")
	refused(t, "--append", env, "seed", "--users", "1", "--tasks-per-user", "1")
	todo(t, env, "seed", "--users", "1", "--tasks-per-user", "1500", "--append")
	got := dbtest.Value[string](t, url, "SELECT count(*) || ' of ' || count(DISTINCT user_id) || ', ' || (SELECT count(*) FROM tasks WHERE user_id = 'user1') FROM tasks")
	if want := "1710 of 30, 1507"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestServeRefusesADatabaseInWhichEverybodyMayCreate(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	dbtest.Exec(t, super, "GRANT CREATE ON SCHEMA public TO PUBLIC")
	refused(t, "run REVOKE CREATE ON SCHEMA public FROM PUBLIC", environment(url), "serve")
	dbtest.Exec(t, super, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	serving(t, environment(url))
}

func TestServeWarnsOfASuperusersLogin(t *testing.T) {
	t.Parallel()
	p, _ := serving(t, environment(dbtest.SuperuserURL(t, dbtest.New(t, dbtest.NeonOwner))))
	p.waitFor(t, p.log, `is a superuser, so nothing but the switch to role todo_app`)
}
