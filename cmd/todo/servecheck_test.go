package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth/authtest"
	"github.com/securetodo/securetodo/db/dbtest"
)

// rows returns what --check prints, by the name of the row.
func rows(out string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(out) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[name] += strings.TrimSpace(text) + "\n"
	}
	return found
}

func TestServeCheckSaysWhatTheServerWouldDo(t *testing.T) {
	t.Parallel()
	issuer := authtest.Start(t)
	url := dbtest.New(t, dbtest.NeonOwner)
	env := environment(url, "JWKS_URL="+issuer.URL, "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=todo", "HS256_ISSUER=", "HS256_AUDIENCE=", "HS256_USER_CLAIM=user.id",
		"JWT_MAX_TTL=1h", "PORT=8080", "JWT_ISUER=x", "JWT_AUDIANCE=x", "CORS_ORIGINS=https://app.example, https://*.app.example", "RATE_LIMIT=5")
	out, log, err := runToEnd(t, env, "serve", "--check")
	if err != nil || log != "" {
		t.Fatalf("%v %s\n%s", err, log, out)
	}
	got := rows(out)
	for name, wants := range map[string][]string{
		"API":        {":8080 (PORT, since ADDR is not set)"},
		"database":   {"127.0.0.1:", " as "},
		"migrations": {"DATABASE_URL: "},
		"tokens": {
			`HS256 with BETTER_AUTH_SECRET; iss is not checked, aud is not checked, the user is "user.id"`,
			"EdDSA, ES256", "with the keys of " + issuer.URL + `; iss must be https://issuer.example, aud must be todo, the user is "sub"`,
		},
		"lifetime": {"longer than 1h0m0s is refused"},
		"browsers": {"https://app.example, https://*.app.example"},
		"limits":   {"5 requests a user"},
		"WARNING":  {"for HS256: every token", "has BYPASSRLS and owns the tables"},
		"ok":       {"row-level security holds", "token issuer: "},
	} {
		for _, want := range wants {
			if !strings.Contains(got[name], want) {
				t.Errorf("%s says no %q:\n%s", name, want, out)
			}
		}
	}
	if strings.Contains(out, testSecret) || strings.Contains(out, "FAILED") {
		t.Errorf("%s", out)
	}
}

// TestServeCheckPrintsWhatTheReadmeShows compares the names of the rows.
func TestServeCheckPrintsWhatTheReadmeShows(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(readme), "$ PORT=8080 JWT_ISUER=https://app.example todo serve --check\n")
	if !found {
		t.Fatal("README.md shows no `todo serve --check`")
	}
	shown, _, _ = strings.Cut(shown, "```")
	url := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, url)
	login := "login_" + dbtest.Value[string](t, super, "SELECT current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'owns-nothing'; GRANT todo_app TO %[1]s", login))
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP ROLE "+login) })
	out := todo(t, environment(dbtest.As(t, url, login, "owns-nothing"), "DRAIN=5s", "PORT=8080", "JWT_ISUER=https://app.example"), "serve", "--check")
	const apart = " at 127.0.0.1:5432 as alice" // what differs from one database to another
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, apart) && !strings.HasPrefix(line, "ok ") && !strings.Contains(out, line) {
			t.Errorf("README.md shows %q, and it prints\n%s", line, out)
		}
	}
	if a, b := strings.Count(strings.TrimSpace(shown), "\n"), strings.Count(strings.TrimSpace(out), "\n"); a != b {
		t.Errorf("README.md shows %d lines, and it prints %d", a+1, b+1)
	}
}

// TestServeCheckFailsWhereServeWouldNotStart has one reason after the other.
func TestServeCheckFailsWhereServeWouldNotStart(t *testing.T) {
	t.Parallel()
	empty, open := dbtest.NewEmpty(t, dbtest.NeonOwner), dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, dbtest.SuperuserURL(t, open), "GRANT CREATE ON SCHEMA public TO PUBLIC")
	for name, test := range map[string]struct {
		environment []string
		says        []string
	}{
		"no variable at all":                 {nil, []string{"todo: DATABASE_URL is not set", "todo: set JWKS_URL, BETTER_AUTH_SECRET or both"}},
		"wrong variables":                    {environment("", "DATABASE_URL=x", "ADDR=8000"), []string{"todo: DATABASE_URL: not a PostgreSQL URL", "todo: ADDR: is a port alone"}},
		"a database that is away":            {environment("postgres://todo@127.0.0.1:1/todo"), []string{"FAILED", "database: database unavailable", "the server would not start"}},
		"a database that was never migrated": {environment(empty), []string{"FAILED", "todo migrate up", "the server would not start"}},
		"a database open to everybody":       {environment(open), []string{"FAILED", "run REVOKE CREATE ON SCHEMA public FROM PUBLIC", "the server would not start"}},
		"an issuer that is away":             {environment(empty, "JWKS_URL=http://127.0.0.1:1/jwks"), []string{"token issuer: ", "refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, log, err := runToEnd(t, test.environment, "serve", "--check")
			if err == nil {
				t.Error("it exits with 0")
			}
			for _, says := range test.says {
				if !strings.Contains(out+log, says) {
					t.Errorf("no %q in\n%s%s", says, out, log)
				}
			}
			if strings.Contains(log, "{") {
				t.Errorf("JSON, for people: %s", log)
			}
		})
	}
}

// TestServeHonoursPort has platforms that choose it.
func TestServeHonoursPort(t *testing.T) {
	t.Parallel()
	_, taken := serving(t, environment(dbtest.New(t, dbtest.NeonOwner)))
	port := taken[strings.LastIndexByte(taken, ':')+1:]
	// The address being in use shows which one it is.
	refused(t, "listen tcp :"+port, environment(dbtest.New(t, dbtest.NeonOwner), "PORT="+port), "serve")
	if _, log, err := runToEnd(t, []string{"PORT=" + port}, "health"); err != nil {
		t.Errorf("health: %v %s", err, log)
	}
}

func TestServeWarnsOfAVariableThatLooksLikeOurs(t *testing.T) {
	t.Parallel()
	p, _ := serving(t, environment(dbtest.New(t, dbtest.NeonOwner), "JWT_ISUER=hunter2", "JWT_SERVICE_HOST=10.0.0.1"))
	line := p.waitFor(t, p.log, "JWT_ISUER is not read: is it meant to be JWT_ISSUER?")
	if !strings.Contains(line, `"level":"WARN"`) || strings.Contains(p.log.String(), "hunter2") || strings.Contains(p.log.String(), "JWT_SERVICE_HOST") {
		t.Error(p.log)
	}
}

// TestCommandsShowNoPartOfAPassword has passwords that nobody escaped, and one that
// somebody did, in each variable that may have one.
func TestCommandsShowNoPartOfAPassword(t *testing.T) {
	t.Parallel()
	commands := [][]string{
		{"serve"},
		{"serve", "--check"},
		{"migrate", "status"},
		{"migrate", "up", "--json"},
		{"seed"},
		{"health"},
		{"token", "--user", "alice"},
		{"token", "inspect"},
		{"dev", "--addr", "127.0.0.1:0", "--data", dataFolder(t)},
	}
	for _, password := range []string{"qzx/wvukj", "4321/wvukj", "qzx@wvukj", "qzx%wvukj", "qzx wvukj", "qzx#wvu/kj@hgf", "qzx?wvu@kjy", "qzx%2Fwvukj"} {
		t.Run(password, func(t *testing.T) {
			t.Parallel()
			database := "postgres://user:" + password + "@127.0.0.1:1/data"
			env := []string{
				"BETTER_AUTH_SECRET=" + testSecret, "DATABASE_URL=" + database, "DATABASE_URL_UNPOOLED=" + database, "JWKS_URL=http://user:" + password + "@127.0.0.1:1/jwks",
				"OTEL_EXPORTER_OTLP_ENDPOINT=http://user:" + password + "@127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://user:" + password + "@127.0.0.1:1",
			}
			for _, args := range commands {
				if strings.Contains(password, "%2F") && (args[0] == "serve" && len(args) == 1 || args[0] == "health") {
					continue // it waits for the database, or has no use for it
				}
				out, log, err := runToEnd(t, env, args...)
				if !strings.Contains(password, "%2F") && (err == nil || !strings.Contains(out+log, "URL: ")) {
					t.Errorf("todo %s: %v %s", strings.Join(args, " "), err, log)
				}
				for _, part := range []string{"qzx", "4321", "wvu", "kjy", "hgf", "vukj"} {
					if strings.Contains(out+log, part) {
						t.Errorf("todo %s says %q:\n%s%s", strings.Join(args, " "), part, out, log)
					}
				}
			}
		})
	}
}

func TestTokenIsNeverValidForLongerThanTheServerAccepts(t *testing.T) {
	t.Parallel()
	env := environment(dbtest.New(t, dbtest.NeonOwner), "JWT_MAX_TTL=10m")
	_, address := serving(t, env)
	if status, _ := get(t, address, "/api/alice/tasks", todo(t, env, "token", "--user", "alice")); status != 200 {
		t.Errorf("a token of the command: %d", status)
	}
	refused(t, "--ttl", env, "token", "--user", "alice", "--ttl", "11m")
	long := todo(t, environment(""), "token", "--user", "alice", "--ttl", "876000h")
	for range 2 {
		status, body := get(t, address, "/api/alice/tasks", long)
		if status != 401 || !strings.Contains(body, `"detail":"the token is valid for longer than is accepted here"`) {
			t.Errorf("a token of a hundred years: %d %s", status, body)
		}
	}
}
