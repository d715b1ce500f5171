package http_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// gunzip returns what a reply is when a client has decompressed it.
func gunzip(t testing.TB, compressed string) string {
	t.Helper()
	reader, err := gzip.NewReader(strings.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func varies(header http.Header, name string) bool {
	return strings.Contains(strings.Join(header.Values("Vary"), ", "), name)
}

// manyTasks makes a list of more than 4 KiB, and a task that is larger alone.
func manyTasks(t *testing.T) *api {
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, `INSERT INTO users (id) VALUES ('alice');
		INSERT INTO tasks (user_id, id, title, version) SELECT 'alice', gen_random_uuid(), 'task ' || n, n FROM generate_series(1, 1000) AS n;
		UPDATE users SET version = 1000`)
	a.post(fmt.Sprintf(`{"title":"large","description":"%s","tags":["%s"]}`, strings.Repeat("😀", 1000), strings.Repeat("😀", 50)))
	return a
}

func TestCompressionIsForLongListsChangesAndExports(t *testing.T) {
	t.Parallel()
	a := manyTasks(t)
	for _, path := range []string{tasksOf(alice), tasksOf(alice) + "?search=task&sort=title", "/api/alice/changes", "/api/alice/export"} {
		plain := a.do(alice, "GET", path, "", "Accept-Encoding: identity").must(t, 200)
		compressed := a.do(alice, "GET", path, "", "Accept-Encoding: gzip").must(t, 200)
		if len(plain.body) < 200_000 || len(compressed.body) > len(plain.body)/4 {
			t.Errorf("%s: %d bytes of %d", path, len(compressed.body), len(plain.body))
		}
		if got := gunzip(t, compressed.body); path != "/api/alice/export" && got != plain.body || !json.Valid([]byte(got)) {
			t.Errorf("%s is another document when it is compressed", path)
		}
		if plain.Header.Get("Content-Encoding") != "" || compressed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("ETag") != compressed.Header.Get("ETag") {
			t.Errorf("%s: %v, and compressed %v", path, plain.Header, compressed.Header)
		}
		for _, encoding := range []string{"identity", "gzip"} {
			get, head := a.do(alice, "GET", path, "", "Accept-Encoding: "+encoding), a.do(alice, "HEAD", path, "", "Accept-Encoding: "+encoding).must(t, 200)
			if path == "/api/alice/export" { // which is not read for a HEAD
				get.Header.Del("Content-Encoding")
			} else if get.Header.Get("Content-Length") != strconv.Itoa(len(get.body)) {
				t.Errorf("%s: %d bytes, %v", path, len(get.body), get.Header)
			}
			for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type", "ETag"} {
				if get.Header.Get(name) != head.Header.Get(name) {
					t.Errorf("%s of %s is %q, to HEAD %q", name, path, get.Header.Get(name), head.Header.Get(name))
				}
			}
			for _, reply := range []response{get, head} {
				if !varies(reply.Header, "Accept-Encoding") || !varies(reply.Header, "Origin") {
					t.Errorf("%s %s: Vary: %q", reply.Request.Method, path, reply.Header.Values("Vary"))
				}
			}
		}
	}
	list := a.do(alice, "GET", tasksOf(alice), "", "Accept-Encoding: gzip")
	for _, encoding := range []string{"identity", "gzip"} {
		same := a.do(alice, "GET", tasksOf(alice), "", "Accept-Encoding: "+encoding, "If-None-Match: "+list.Header.Get("ETag")).must(t, 304)
		if !varies(same.Header, "Accept-Encoding") || same.Header.Get("Content-Encoding") != "" {
			t.Errorf("304: %v", same.Header)
		}
	}
	eventually(t, "the log has the size that was sent", func() bool {
		return strings.Contains(a.log.String(), fmt.Sprintf(`"bytes":%d,`, len(list.body)))
	})
}

func TestCompressionIsForNothingElse(t *testing.T) {
	t.Parallel()
	a := manyTasks(t)
	large := a.list("?search=large")[0]
	for _, c := range []struct {
		method, path, body string
		varies             bool
	}{
		{"GET", tasksOf(alice) + "?limit=10&order=asc", "", true}, // below 4 KiB
		{"GET", "/api/alice/changes?limit=10", "", true},
		{"GET", tasksOf(alice) + "?limit=0", "", true},
		{"GET", pathOf(large), "", false}, // a strong tag is of one representation alone
		{"PUT", pathOf(large), `{"completed":true}`, false},
		{"PUT", pathOf(large), `{"completed":true}`, false},
		{"GET", "/api/alice", "", false},
		{"GET", "/openapi.yaml", "", false},
		{"GET", "/health", "", false},
	} {
		reply := a.do(alice, c.method, c.path, c.body, "Accept-Encoding: gzip")
		if reply.Header.Get("Content-Encoding") != "" || varies(reply.Header, "Accept-Encoding") != c.varies {
			t.Errorf("%s %s: %d %v", c.method, c.path, reply.StatusCode, reply.Header)
		}
	}
	small := a.do(bob, "GET", "/api/bob/export", "", "Accept-Encoding: gzip").must(t, 200)
	if small.Header.Get("Content-Encoding") != "" || !json.Valid([]byte(small.body)) || !varies(small.Header, "Accept-Encoding") {
		t.Errorf("%v %q", small.Header, small.body)
	}
	stale := a.do(alice, "PUT", pathOf(large), `{"title":"x"}`, "Accept-Encoding: gzip", `If-Match: "1"`).must(t, 412)
	if stale.problem(t); len(stale.body) < 4<<10 || stale.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d bytes, %v", len(stale.body), stale.Header)
	}
	// Go's transport asks for gzip, and would take it away again; a stream has no length.
	events := a.stream(alice, "")
	if events.must(); events.reply.Uncompressed || events.reply.Header.Get("Content-Encoding") != "" || !varies(events.reply.Header, "Accept") {
		t.Errorf("%v", events.reply.Header)
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	t.Parallel()
	a := manyTasks(t)
	for encodings, compressed := range map[string]bool{
		"gzip": true, "GZIP": true, "gzip, deflate, br, zstd": true, "br;q=1.0, gzip;q=0.2": true, "identity,gzip": true, "gzip ; q=0.001": true, "gzip;Q=1": true, ",gzip": true,
		"identity": false, "br": false, "*": false, "*;q=0": false, "gzip;q=0": false, "gzip;q=0.000": false, "gzip;q=-1": false, "gzip;q=x": false, "gzip;q": false, "gzip;q=0, *": false, "gzipped": false, "x-gzip": false, "br;x=gzip": false,
	} {
		reply := a.do(alice, "GET", tasksOf(alice), "", "Accept-Encoding: "+encodings).must(t, 200)
		if (reply.Header.Get("Content-Encoding") == "gzip") != compressed {
			t.Errorf("%s: %v", encodings, reply.Header)
		}
	}
	for accept, events := range map[string]bool{
		"text/event-stream": true, "Text/Event-Stream;q=0.1": true, "application/json;q=0.5, text/event-stream": true, "application/json, text/event-stream": true,
		"*/*": false, "application/json": false, "text/event-stream;q=0": false, "text/event-stream;q=0.5, application/json": false, "text/*": false, "text/event-stream;q=x": false,
	} {
		ctx := t.Context()
		request, err := http.NewRequestWithContext(ctx, "GET", a.url+"/api/alice/changes?limit=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Authorization": {"Bearer " + token(t, alice)}, "Accept": {accept}}
		reply, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if got := reply.Header.Get("Content-Type"); (got == "text/event-stream") != events {
			t.Errorf("Accept: %s: %s", accept, got)
		}
		_ = reply.Body.Close()
	}
}

// TestCompressionMixesUpNoUsers has compressors used again, by one user after another.
func TestCompressionMixesUpNoUsers(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, `INSERT INTO users (id) VALUES ('alice'), ('bob');
		INSERT INTO tasks (user_id, id, title) SELECT id, gen_random_uuid(), 'of ' || id || ' ' || n FROM users, generate_series(1, 300) AS n`)
	want := map[string]string{}
	for _, user := range []string{alice, bob} {
		want[user] = a.do(user, "GET", tasksOf(user), "", "Accept-Encoding: identity").must(t, 200).body
	}
	var wg sync.WaitGroup
	for _, user := range []string{alice, bob, alice, bob} {
		wg.Go(func() {
			for range 20 {
				reply := a.do(user, "GET", tasksOf(user), "", "Accept-Encoding: gzip")
				if reply.StatusCode == 200 && gunzip(t, reply.body) != want[user] { // 503 where one user's connections are few
					t.Errorf("%s read something else", user)
				}
			}
		})
	}
	wg.Wait()
}

// TestExportCompressedIsStreamed has exports of several pieces, which no socket buffers: they
// arrive before they have been read from the database. A connection that is lost cuts none
// off; one that is cut off is no whole document.
func TestExportCompressedIsStreamed(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, `INSERT INTO users (id) VALUES ('alice');
		INSERT INTO tasks (user_id, id, title, description)
		SELECT 'alice', gen_random_uuid(), 'task ' || n, (SELECT string_agg(md5(n || '-' || k), '') FROM generate_series(1, 31) AS k) FROM generate_series(1, 20000) AS n`)
	begin := func() (body string, rest io.ReadCloser) {
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.url+"/api/alice/export", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Authorization": {"Bearer " + token(t, alice)}, "Accept-Encoding": {"gzip"}}
		reply, err := http.DefaultTransport.RoundTrip(request)
		if err != nil || reply.StatusCode != 200 {
			t.Fatal(reply, err, a.log)
		}
		head := make([]byte, 64<<10)
		if _, err := io.ReadFull(reply.Body, head); err != nil {
			t.Fatal(err)
		}
		return string(head), reply.Body
	}
	head, rest := begin()
	defer rest.Close()
	a.do(alice, "GET", "/api/alice/export", "").must(t, 503) // the first one goes on
	dbtest.Exec(t, a.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	tail, err := io.ReadAll(rest)
	if err != nil {
		t.Fatal(err)
	}
	if body := gunzip(t, head+string(tail)); strings.Count(body, `"id":"`) != 20001 || !strings.HasPrefix(body, `{"user":{"id":"alice"`) || !strings.HasSuffix(body, "]}") {
		t.Errorf("%d bytes, compressed to %d", len(body), len(head)+len(tail))
	}
	_, rest = begin()
	defer rest.Close()
	dbtest.Exec(t, a.database, "ALTER TABLE tasks RENAME TO elsewhere")
	if more, err := io.Copy(io.Discard, rest); err == nil {
		t.Errorf("%d bytes more of an export that was cut off, and then its end", more)
	}
}
