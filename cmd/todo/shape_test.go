package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestServeSaysInJSONWhyItEnds reads what reads the log.
func TestServeSaysInJSONWhyItEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environment []string
		says        string
	}{
		{[]string{"BETTER_AUTH_SECRET=" + testSecret}, "DATABASE_URL is not set"},
		{environment("postgres://127.0.0.1:1/none", "LOG_LEVEL=hunter2"), "LOG_LEVEL: must be"},
		{environment("postgres://127.0.0.1:1/none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "ADDR=nowhere"), "ADDR"},
	} {
		_, log, err := runToEnd(t, c.environment, "serve")
		var line struct{ Time, Level, Msg, Error string }
		if json.Unmarshal([]byte(log), &line) != nil || err == nil || line.Time == "" || line.Level != "ERROR" || line.Msg == "" || !strings.Contains(line.Error, c.says) {
			t.Errorf("%v: %s", err, log)
		}
	}
}

// TestServeOutlivesACollectorThatIsAway loses spans, and says so once.
func TestServeOutlivesACollectorThatIsAway(t *testing.T) {
	t.Parallel()
	p, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner),
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY=20", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1", "OTEL_EXPORTER_OTLP_TIMEOUT=100"))
	for range 10 {
		if status, _ := get(t, address, "/health", ""); status != 200 {
			t.Error(status)
		}
	}
	line := p.waitFor(t, p.log, "traces cannot be exported")
	var fault struct{ Level, Error string }
	if json.Unmarshal([]byte(line), &fault) != nil || fault.Level != "WARN" || !strings.Contains(fault.Error, "127.0.0.1:1") {
		t.Error(line)
	}
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if n := strings.Count(p.log.String(), "traces cannot be exported"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
}

// TestServeLogsUserIDsWhereTold compares with the line of auth/README.md that finds a
// user by the hash.
func TestServeLogsUserIDsWhereTold(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	content, err := os.ReadFile("../../auth/README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`grep "\\"user\\":\\"[^\n]*`).FindString(string(content))
	if shown == "" {
		t.Fatal("auth/README.md has no such line")
	}
	for want, env := range map[string][]string{
		`"user":"`:          environment(url),
		`"user_id":"alice"`: environment(url, "LOG_USER_IDS=true"),
	} {
		p, address := serving(t, env)
		get(t, address, "/api/alice/tasks", todo(t, env, "token", "--user", "alice"))
		line := p.waitFor(t, p.log, `"status":200`)
		client := map[bool]string{true: `"client":"127.0.0.1"`, false: `"client":"127.0.0.0/24"`}[strings.Contains(want, "user_id")]
		if !strings.Contains(line, want) || !strings.Contains(line, client) || strings.Contains(line, "alice") != strings.Contains(want, "alice") {
			t.Errorf("no %s and %s: %s", want, client, line)
		}
		if strings.Contains(want, "user_id") {
			continue
		}
		search := exec.Command("sh", "-c", strings.Replace(shown, "log.json", "-", 1))
		search.Stdin = strings.NewReader(p.log.String())
		if found, err := search.Output(); err != nil || string(found) != line+"\n" {
			t.Errorf("%s: %v, %s", fmt.Sprint(search), err, found)
		}
	}
}
