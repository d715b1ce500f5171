package http_test

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// countLines counts the lines of requests with this status, and how many are said not to
// have been written.
func countLines(t *testing.T, a *api, status int) (written, suppressed int) {
	t.Helper()
	for line := range strings.Lines(a.log.String()) {
		var entry struct {
			Msg                string
			Status, Suppressed int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg == "request" && entry.Status == status {
			written++
		}
		suppressed += entry.Suppressed
	}
	return written, suppressed
}

// TestLogOfAFloodIsSampledAndCounted sends what anybody can send, and what a user sends
// beyond a limit: each request is a line or counted in one.
func TestLogOfAFloodIsSampledAndCounted(t *testing.T) {
	t.Parallel()
	const flood = 300
	for name, c := range map[string]struct {
		user, method, path string
		status             int
		change             func(*todohttp.Config)
	}{
		"401":                 {"", "GET", tasksOf(alice), 401, nil},
		"429 of an address":   {"", "GET", tasksOf(alice), 429, func(c *todohttp.Config) { c.AuthFailureLimit = slow }},
		"429 of a user":       {alice, "GET", tasksOf(alice), 429, func(c *todohttp.Config) { c.RateLimit = slow }},
		"404":                 {"", "GET", "/nothing", 404, nil},
		"405":                 {"", "PUT", "/health", 405, nil},
		"200 without a token": {"", "GET", "/openapi.yaml", 200, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(config *todohttp.Config) {
				if c.change != nil {
					c.change(config)
				}
			})
			expected := flood
			for range flood {
				if a.do(c.user, c.method, c.path, "").StatusCode != c.status {
					expected-- // the first, where there is a limit
				}
			}
			if expected < flood-1 {
				t.Fatalf("%d of %d are %d", expected, flood, c.status)
			}
			eventually(t, "the count", func() bool {
				written, suppressed := countLines(t, a, c.status)
				return written+suppressed == expected
			})
			a.do(alice, "GET", tasksOf(alice)+"/1", "")
		})
	}
}

func TestLogHasEachRequestWithAVerifiedToken(t *testing.T) {
	t.Parallel()
	const requests = 100
	a := newAPI(t, dbtest.NeonOwner)
	for range requests {
		a.do("", "GET", tasksOf(alice), "").must(t, 401)
		a.do(alice, "GET", tasksOf(alice)+"/1", "").must(t, 404)
		a.do(alice, "GET", tasksOf(bob), "").must(t, 403)
	}
	eventually(t, "all lines", func() bool {
		missing, _ := countLines(t, a, 404)
		forbidden, _ := countLines(t, a, 403)
		return missing == requests && forbidden == requests
	})
}

// TestLogHasNoLineOfWhatIsNoRequest sends what net/http refuses by itself.
func TestLogHasNoLineOfWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	atStart := a.log.String()
	for _, sent := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // a TLS handshake
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"nonsense\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(sent)) // the server may close it before the end
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // until the server closes it
		_ = conn.Close()
	}
	if log := a.log.String(); log != atStart {
		t.Error(log)
	}
}
