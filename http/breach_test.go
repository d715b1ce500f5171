package http_test

import (
	"net/http"
	"strings"
	"testing"

	todohttp "github.com/securetodo/securetodo/http"
)

// TestContractBreachIsNoticed doctors an exchange that is right, one thing at a time: a check
// that passes everything would pass every other test.
func TestContractBreachIsNoticed(t *testing.T) {
	t.Parallel()
	const (
		id   = "019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20"
		path = "/api/a%2Fb/tasks/" + id + "/"
		made = `{"id":"` + id + `","user_id":"a/b","title":"Buy milk","description":null,"completed":false,"priority":"medium",
			"due_date":"2026-12-01T09:00:00Z","tags":["home"],"version":3,
			"created_at":"2026-11-23T18:05:01.123456Z","updated_at":"2026-11-23T18:07:44.000123Z"}`
		missing = `{"type":"/problems/not-found","title":"Not Found","status":404,"detail":"there is no such task","request_id":"` + id + `"}`
	)
	type exchange struct {
		method, path, sent, got string
		status                  int
		request, reply          http.Header
	}
	right := func(status int, contentType, got string) exchange {
		return exchange{
			method: "PUT", path: path, sent: `{"title":"a","version":"1"}`, status: status, got: got,
			request: http.Header{"Authorization": {"Bearer x"}, "If-Match": {`W/"2", "3"`}},
			reply: http.Header{
				"X-Request-Id": {id}, "Cache-Control": {"private, no-cache"}, "X-Content-Type-Options": {"nosniff"}, "Content-Type": {contentType},
				"Server-Timing": {`db;dur=1.25;desc="UpdateTask"`}, "Date": {"Mon, 23 Nov 2026 18:07:44 GMT"},
			},
		}
	}
	ok := func() exchange {
		e := right(200, "application/json", made)
		e.reply.Set("ETag", `"3"`)
		return e
	}
	notFound := func() exchange { return right(404, "application/problem+json", missing) }
	replace := func(old, with string) func(*exchange) {
		return func(e *exchange) { e.got = strings.Replace(e.got, old, with, 1) }
	}
	for _, c := range []struct {
		name   string
		from   func() exchange
		doctor func(*exchange)
	}{
		{"null where there is none", ok, replace(`"Buy milk"`, `null`)},
		{"a field too many", ok, replace(`{"id"`, `{"extra":1,"id"`)},
		{"a field too few", ok, replace(`"priority":"medium",`, ``)},
		{"three digits of a second", ok, replace(`.000123Z`, `.000Z`)},
		{"another zone", ok, replace(`:00Z`, `:00+01:00`)},
		{"a due date with idle digits", ok, replace(`:00Z`, `:00.000000Z`)},
		{"a due date without a zone", ok, replace(`:00Z`, `:00`)},
		{"a title too long", ok, replace(`Buy milk`, strings.Repeat("é", todohttp.MaxTitle+1))},
		{"a tag too many", ok, replace(`"home"`, `"a"`+strings.Repeat(`,"a"`, todohttp.MaxTags))},
		{"version 0", ok, replace(`"version":3`, `"version":0`)},
		{"an id that is no UUID", ok, replace(id, "1")},
		{"an array", ok, func(e *exchange) { e.got = "[" + e.got + "]" }},
		{"another media type", ok, func(e *exchange) { e.reply.Set("Content-Type", "text/plain") }},
		{"no ETag", ok, func(e *exchange) { e.reply.Del("ETag") }},
		{"a weak ETag", ok, func(e *exchange) { e.reply.Set("ETag", `W/"3"`) }},
		{"no X-Request-Id", ok, func(e *exchange) { e.reply.Del("X-Request-Id") }},
		{"no Server-Timing", ok, func(e *exchange) { e.reply.Del("Server-Timing") }},
		{"another Cache-Control", ok, func(e *exchange) { e.reply.Set("Cache-Control", "no-store") }},
		{"a header too many", ok, func(e *exchange) { e.reply.Set("X-Powered-By", "x") }},
		{"a header twice", ok, func(e *exchange) { e.reply.Add("ETag", `"4"`) }},
		{"a status too many", ok, func(e *exchange) { e.status = 202 }},
		{"a 304 without an ETag", ok, func(e *exchange) { e.method, e.sent, e.got, e.status = "GET", "", "", 304; e.reply.Del("ETag") }},
		{"a body of HEAD", ok, func(e *exchange) { e.method, e.sent = "HEAD", "" }},
		{"HEAD without an ETag", ok, func(e *exchange) { e.method, e.sent, e.got = "HEAD", "", ""; e.reply.Del("ETag") }},
		{"a method too many", ok, func(e *exchange) { e.method = "POST" }},
		{"a path too many", ok, func(e *exchange) { e.path += "x" }},
		{"a request without a token", ok, func(e *exchange) { e.request.Del("Authorization") }},
		{"a request without a body", ok, func(e *exchange) { e.sent = "" }},
		{"an unknown field", ok, func(e *exchange) { e.sent = `{"complete":true}` }},
		{"a field of another type", ok, func(e *exchange) { e.sent = `{"due_date":7}` }},
		{"an unknown parameter", ok, func(e *exchange) { e.path += "?a=b" }},
		{"a malformed If-Match", ok, func(e *exchange) { e.request.Set("If-Match", "3") }},
		{"another media type of the body", ok, func(e *exchange) { e.request.Set("Content-Type", "text/plain") }},
		{"another status inside", notFound, replace(`404`, `400`)},
		{"another type inside", notFound, replace(`not-found`, `bad-request`)},
		{"an unknown type", notFound, replace(`not-found`, `missing`)},
		{"a problem as application/json", notFound, func(e *exchange) { e.reply.Set("Content-Type", "application/json") }},
		{"no detail", notFound, replace(`there is no such task`, ``)},
		{"405 without Allow", notFound, func(e *exchange) {
			e.method, e.status = "BREW", 405
			e.got = strings.NewReplacer("404", "405", "not-found", "method-not-allowed").Replace(e.got)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			see := func(e exchange) error {
				request, err := http.NewRequestWithContext(t.Context(), e.method, "http://x"+e.path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				request.Header = e.request
				return breach(request, []byte(e.sent), &http.Response{StatusCode: e.status, Header: e.reply}, []byte(e.got))
			}
			e := c.from()
			if err := see(e); err != nil {
				t.Fatalf("before: %v", err)
			}
			if c.doctor(&e); see(e) == nil {
				t.Error("passes")
			}
		})
	}
}
