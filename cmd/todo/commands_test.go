package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

func environment(url string, more ...string) []string {
	return append([]string{"DATABASE_URL=" + url, "BETTER_AUTH_SECRET=" + testSecret}, more...)
}

// serving is `todo serve` on a free port, and its address.
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
	refused(t, "todo dev", []string{"BETTER_AUTH_SECRET=" + testSecret}, "serve")
}

func TestServeRefusesAWrongConfigurationInOneLine(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	refused(t, "BETTER_AUTH_SECRET", []string{"DATABASE_URL=" + url}, "serve")
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

func TestServeRefusesADatabaseWhoseWallIsDown(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
	refused(t, "ENABLE ROW LEVEL SECURITY", environment(url), "serve")
}

func TestServeWarnsOfANewerSchemaAndServes(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "UPDATE schema_migrations SET version = 999999")
	p, address := serving(t, environment(url))
	if status, _ := get(t, address, "/health", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
	p.waitFor(t, p.log, `"schema_version":999999`)
}

func TestTokenCommandMakesWhatServeAccepts(t *testing.T) {
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

func TestStopFinishesWhatHasBegun(t *testing.T) {
	env := environment(dbtest.New(t, dbtest.NeonOwner))
	p, address := serving(t, env)
	body, write := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/api/alice/tasks", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+todo(t, env, "token", "--user", "alice"))
	// The client sends its body only when the handler asks for it, which shows
	// that the request has begun.
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
		t.Errorf("the request that had begun got %d", status)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("serve ended with %v: %s", err, p.log)
	}
}

func TestMigrateCommands(t *testing.T) {
	env := environment(dbtest.NewEmpty(t, dbtest.NeonOwner))
	newest := todo(t, env, "migrate", "up")
	for _, step := range []struct{ args, want string }{
		{"version", newest},
		{"up", newest},
		{"goto 1", "version 1"},
		{"down 1", "version 0"},
		{"version", "version 0"},
		{"up", newest},
		{"force 2", "version 2"},
		{"version", "version 2"},
	} {
		if got := todo(t, env, append([]string{"migrate"}, strings.Fields(step.args)...)...); got != step.want {
			t.Errorf("migrate %s: %s, want %s", step.args, got, step.want)
		}
	}
	refused(t, "whole number", env, "migrate", "down", "1.5")
	refused(t, "whole number", env, "migrate", "goto", "x")
	refused(t, "DATABASE_URL_UNPOOLED", nil, "migrate", "up")
	refused(t, "DATABASE_URL_UNPOOLED", []string{"DATABASE_URL=postgres://u:hunter2@ep-x-pooler.neon.tech/d"}, "migrate", "up")
}

func TestSeedFillsAnEmptyDatabaseOnly(t *testing.T) {
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
