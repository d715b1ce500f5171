package http_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestHeaderThatAsksForNothingChangesNothing sends headers that other servers act on, and
// odd ones of those that this server reads.
func TestHeaderThatAsksForNothingChangesNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	list := a.do(alice, "GET", tasksOf(alice), "").must(t, 200)
	for _, headers := range [][]string{
		{"X-Request-Id: not a UUID"},
		{"X-Request-Id: 1", "X-Request-Id: 2"},
		{"X-Request-Id: "},
		{"Accept: application/xml"},
		{"Accept: */*;q=0"},
		{"Accept: ;;,/"},
		{"Accept: "},
		{"Accept: text/event-stream"},
		{"Accept-Encoding: ;;,="},
		{"Accept-Encoding: identity;q=0"},
		{"Accept-Charset: utf-16"},
		{"Range: bytes=0-1"},
		{"Range: bytes=0-1", "If-Range: " + list.Header.Get("ETag")},
		{"If-Modified-Since: Wed, 25 Nov 2099 00:00:00 GMT"},
		{"If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"},
		{"X-HTTP-Method-Override: DELETE"},
		{"X-HTTP-Method: DELETE", "X-Method-Override: DELETE"},
		{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Prefix: /x", "Forwarded: for=127.0.0.1"},
		{"X-Original-URL: /api/bob/tasks", "X-Rewrite-URL: /api/bob/tasks"},
		{"Content-Type: text/plain", "Content-Encoding: gzip"},
		{"Idempotency-Key: "},
		{"Last-Event-ID: x"},
		{"Origin: null"},
		{"Prefer: return=minimal"},
		{"Expect: 100-continue"},
	} {
		got := a.do(alice, "GET", tasksOf(alice), "", headers...).must(t, 200)
		if got.body != list.body || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("ETag") != list.Header.Get("ETag") || len(got.Header.Get("X-Request-Id")) != 36 {
			t.Errorf("%q: %v %s", headers, got.Header, got.body)
		}
	}
	const stream = "Accept: text/event-stream"
	for _, odd := range [][]string{{"Last-Event-ID: x"}, {"Last-Event-ID: x", "Last-Event-ID: y"}, {"Last-Event-ID: ", "Last-Event-ID: "}} {
		a.do(alice, "GET", "/api/alice/changes", "", append(odd, stream)...).must(t, 400).problem(t)
	}
	if head := a.do(alice, "HEAD", "/api/alice/changes", "", stream).must(t, 200); head.Header.Get("Content-Type") != "application/json" {
		t.Errorf("a stream that nobody reads: %v", head.Header)
	}
	a.do(alice, "GET", pathOf(made), "").must(t, 200)
}
