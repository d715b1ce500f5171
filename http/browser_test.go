package http_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
	"github.com/securetodo/securetodo/http/npmtest"
)

// browserTimeout is many times what a script takes on a machine that does nothing else. One
// that hangs fails alone, and not the whole package with it.
const browserTimeout = 6 * time.Minute

// browse runs a script of testdata/browser, which drives a real Chromium. Pictures
// of what it shows are written to the folder SCREENSHOTS, an absolute path, if that
// is set.
func browse(t *testing.T, script string, environment ...string) {
	t.Helper()
	chromium := dbtest.Need(t, "chromium", "chromium-browser", "google-chrome")
	node := dbtest.Need(t, "node")
	ctx, cancel := context.WithTimeout(t.Context(), browserTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, node, script)
	// It takes its browser along.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	command.Dir = npmtest.Install(t, "testdata/browser")
	command.Env = append(append(os.Environ(), "CHROMIUM="+chromium), environment...)
	if said, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, said)
	}
}

func TestDocsPageInABrowser(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs)
	browse(t, "docs.mjs", "API="+a.url, "TOKEN="+token(t, alice))
}

func TestDocsPageBehindAPrefixInABrowser(t *testing.T) {
	t.Parallel()
	a := behindPrefix(t, "/todo", withDocs)
	browse(t, "docs.mjs", "API="+a.url, "TOKEN="+token(t, alice))
}

// TestDocsDemoInABrowser tries every call of the docs page as the page fills it in.
func TestDocsDemoInABrowser(t *testing.T) {
	t.Parallel()
	const user, example = "demo", "019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20"
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs, func(c *todohttp.Config) {
		c.DemoUser, c.DemoToken = user, token(t, user)
	})
	a.do(user, "POST", tasksOf(user), `{"id":"`+example+`","title":"of the contract's example"}`).must(t, 201)
	browse(t, "demo.mjs", "API="+a.url)
}

func TestProblemPageInABrowser(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	browse(t, "problems.mjs", "API="+a.url)
}

func TestCORSInABrowser(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><title>A frontend</title>`)
	})
	log := slog.New(slog.DiscardHandler)
	allowed, foreign := listen(t, page, log), listen(t, page, log)
	// Chromium takes every name below localhost for this machine.
	port := allowed[strings.LastIndex(allowed, ":"):]
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) {
		c.CORSOrigins = []string{allowed, "http://*.localhost" + port}
	})
	browse(t, "cors.mjs", "API="+a.url, "TOKEN="+token(t, alice), "ALLOWED="+allowed+" http://pr-12.localhost"+port, "FOREIGN="+foreign+" http://localhost"+port+" http://a.b.localhost"+port)
	if !strings.Contains(a.log.String(), `"method":"OPTIONS"`) {
		t.Error("the browser sent no preflight")
	}
	if list := a.do(alice, "GET", tasksOf(alice), "").body; !strings.Contains(list, "across origins") || strings.Contains(list, "foreign") {
		t.Errorf("the tasks are %s", list)
	}
}
