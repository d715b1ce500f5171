package http_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// FuzzAPI sends any method, path, header and body through the whole handler: no
// 500, no panic, and every reply is what the contract says.
func FuzzAPI(f *testing.F) {
	for _, seed := range [][5]string{
		{"GET", "/api/alice/tasks", "limit=2&sort=title", "", ""},
		{"GET", "/api/alice/tasks", "status=pending&tag=a&search=%25&due_after=2026-01-01", "If-None-Match: *", ""},
		{"POST", "/api/alice/tasks", "", "Idempotency-Key: 6ba7b810-9dad-41d1-80b4-00c04fd430c8", `{"title":"a","due_date":"2026-12-01","tags":["x"],"priority":"low"}`},
		{"PUT", "/api/alice/tasks/6ba7b810-9dad-41d1-80b4-00c04fd430c8", "", `If-Match: "1"`, `{"title":"b","description":null}`},
		{"PATCH", "/api/alice/tasks/6ba7b810-9dad-41d1-80b4-00c04fd430c8/complete/", "", "Content-Type: application/merge-patch+json", `{"completed":true}`},
		{"PATCH", "/api/alice/tasks", "status=pending", "", `{"completed":true}`},
		{"DELETE", "/api/alice/tasks", "all=true", "", ""},
		{"DELETE", "/api/alice/tasks/%00", "", "Origin: https://app.example", ""},
		{"GET", "/api/alice", "", "", ""},
		{"GET", "/api/alice", "tz=America/Argentina/Buenos_Aires", "", ""},
		{"GET", "/api/alice/export", "", "", ""},
		{"OPTIONS", "/health", "", "Access-Control-Request-Method: GET", ""},
		{"GET", "/api/alice/tasks", "search=a;b&limit=", "Accept-Encoding: gzip", ""},
		{"POST", "/api/alice/tasks", "", `Idempotency-Key: "a\"b"`, `{"title":"a"}`},
		{"PATCH", "/api/alice/tasks/", "", "Content-Type: application/json; charset=utf-16", `{"completed":true}`},
		{"PATCH", "/api/alice/tasks//complete", "all=true", "", ""},
		{"BREW", "/api/bob/tasks", "a;b", "", "\xff"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	pool, err := db.Open(f.Context(), dbtest.New(f, dbtest.NeonOwner))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(pool.Close)
	verifier, err := auth.New(auth.Config{Secret: []byte(secret), CacheSize: 10})
	if err != nil {
		f.Fatal(err)
	}
	handler := todohttp.NewHandler(todohttp.Config{DB: pool, Verifier: verifier, CORSOrigins: []string{"https://app.example"}, Log: slog.New(slog.DiscardHandler)})
	signed, err := auth.SignHS256([]byte(secret), auth.Policy{}, auth.Identity{UserID: alice}, 24*time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, query, header, body string) {
		if !isToken(method) || !strings.HasPrefix(path, "/") {
			t.Skip()
		}
		u, err := url.ParseRequestURI(path)
		if err != nil || strings.Contains(path, "?") {
			t.Skip()
		}
		u.RawQuery = query
		request := (&http.Request{Method: method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Host: "api.example"}).WithContext(t.Context())
		request.Header.Set("Authorization", "Bearer "+signed)
		if name, value, ok := strings.Cut(header, ": "); ok {
			request.Header.Add(name, value)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		reply := recorder.Result()
		reply.Request = request
		got := recorder.Body.String()
		if method != http.MethodHead && reply.Header.Get("Content-Encoding") != "" {
			got = gunzip(t, got)
		}
		if err := breach(request, []byte(body), reply, []byte(got)); err != nil || recorder.Code >= 500 {
			t.Error(err)
			t.Errorf("%s %s?%s, %q, %q: %d %s", method, path, query, header, body, recorder.Code, recorder.Body)
		}
	})
}

func isToken(method string) bool {
	return method != "" && !strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' })
}
