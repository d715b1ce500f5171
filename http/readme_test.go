package http_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// followsChanges is the README's program that follows changes.
func followsChanges(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "This keeps a copy in step")
	_, after, _ = strings.Cut(after, "\n```js\n")
	program, _, ok := strings.Cut(after, "\n```\n")
	if !ok {
		t.Fatal("the README has no program that follows changes")
	}
	return program
}

// TestReadmeProgramFollowsChanges runs it as it stands there, through a roll-out: its
// server stops and another takes over.
func TestReadmeProgramFollowsChanges(t *testing.T) {
	t.Parallel()
	node := dbtest.Need(t, "node")
	database, stop := dbtest.New(t, dbtest.NeonOwner), make(chan struct{})
	before := serveDatabase(t, database, func(c *todohttp.Config) { c.Stop = stop })
	after := serveDatabase(t, database, func(c *todohttp.Config) { c.LivePoll = 20 * time.Millisecond })

	var at atomic.Pointer[url.URL]
	lastIDs := make(chan string, 100)
	use := func(a *api) {
		u, err := url.Parse(a.url)
		if err != nil {
			t.Fatal(err)
		}
		at.Store(u)
	}
	use(before)
	front := listen(t, &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		lastIDs <- r.In.Header.Get("Last-Event-ID")
		r.SetURL(at.Load())
	}}, slog.New(slog.DiscardHandler))

	program := filepath.Join(t.TempDir(), "follow.mjs")
	// What a page would show, whenever it changes.
	around := fmt.Sprintf(`const url = %q, getToken = async () => %q;
let shown = "";
setInterval(() => {
  const titles = [...tasks.values()].map((task) => task.title).sort().join(" ");
  if (titles !== shown) console.log(shown = titles);
}, 10);
`, front, token(t, "demo"))
	if err := os.WriteFile(program, []byte(around+followsChanges(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	command := exec.CommandContext(ctx, node, program)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
		_ = command.Wait()
	}()
	shows := func(want string) {
		t.Helper()
		for deadline := time.After(30 * time.Second); ; {
			select {
			case line, ok := <-lines:
				if line == want {
					return
				} else if !ok {
					t.Fatalf("the program ended before it showed %q", want)
				}
			case <-deadline:
				t.Fatalf("the program never showed %q", want)
			}
		}
	}
	first := before.create("demo", "first")
	shows("first")
	second := before.create("demo", "sécond🎉")
	shows("first sécond🎉")
	before.do("demo", "DELETE", pathOf(first), "").must(t, 204)
	shows("sécond🎉")

	use(after)
	close(stop)
	before.do("demo", "DELETE", pathOf(second), "").must(t, 204)
	before.create("demo", "third")
	shows("third")
	after.create("demo", "fourth")
	shows("fourth third")
	begun, last := <-lastIDs, ""
	for len(lastIDs) > 0 {
		last = <-lastIDs
	}
	if begun != "" || last == "" {
		t.Errorf("it began behind %q and went on behind %q", begun, last)
	}
	// An account that was erased: the cursor is gone, and the copy with it.
	after.do("demo", "DELETE", "/api/demo", "").must(t, 204)
	after.create("demo", "of a new account")
	shows("of a new account")
}
