package http_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
	"github.com/securetodo/securetodo/http/observability"
)

// request is one of the requests that nearly all of the traffic consists of.
type request struct {
	name   string
	text   []byte // as it is sent
	status int
}

// hotRequests returns them, those of a user with 20 tasks, on a server of its own that logs to
// nowhere, and its address.
func hotRequests(tb testing.TB) (address string, requests []request) {
	tb.Helper()
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	verifier, err := auth.New(auth.Config{Secret: []byte(secret), CacheSize: 100})
	if err != nil {
		tb.Fatal(err)
	}
	config := todohttp.Config{DB: dbtest.Pool(tb, dbtest.New(tb, dbtest.NeonOwner)), Verifier: verifier, CORSOrigins: []string{"https://app.example"}, Log: log, Metrics: observability.NewMetrics()}
	address = strings.TrimPrefix(listen(tb, todohttp.NewHandler(config), log), "http://")
	authorization := "Authorization: Bearer " + token(tb, alice)
	another := "Authorization: Bearer " + token(tb, bob)
	text := func(method, path, body string, headers ...string) []byte {
		head := append([]string{method + " " + path + " HTTP/1.1", "Host: " + address}, headers...)
		if body != "" {
			head = append(head, "Content-Type: application/json", "Content-Length: "+strconv.Itoa(len(body)))
		}
		return []byte(strings.Join(head, "\r\n") + "\r\n\r\n" + body)
	}
	const title = `{"title":"Buy milk","priority":"high","tags":["home"],"due_date":"2026-12-01T09:00:00Z"}`
	c := dial(tb, address)
	var made string
	for range 20 {
		made = c.do(tb, request{"create", text("POST", tasksOf(alice), title, authorization), http.StatusCreated}).Get("Location")
	}
	list := request{"list", text("GET", tasksOf(alice), "", authorization), http.StatusOK}
	tag := c.do(tb, list).Get("ETag")
	return address, []request{
		{"get", text("GET", made, "", authorization), http.StatusOK},
		list,
		{"list304", text("GET", tasksOf(alice), "", authorization, "If-None-Match: "+tag), http.StatusNotModified},
		{"health", text("GET", "/health", ""), http.StatusOK},
		{"create", text("POST", tasksOf(bob), title, another), http.StatusCreated}, // his list grows
	}
}

// client sends requests on one connection, and allocates nothing for a reply: what is
// counted while it works is the server's.
type client struct {
	net.Conn
	buffer []byte
}

func dial(tb testing.TB, address string) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return &client{conn, make([]byte, 1<<20)}
}

var endOfHead, contentLength = []byte("\r\n\r\n"), []byte("Content-Length: ")

// send returns the head of the reply, once its body is read. It is valid until the next.
func (c *client) send(tb testing.TB, r request) []byte {
	if _, err := c.Write(r.text); err != nil {
		tb.Fatal(err)
	}
	var head []byte
	for n, end := 0, len(c.buffer); n < end; {
		read, err := c.Read(c.buffer[n:])
		if err != nil {
			tb.Fatal(err)
		}
		n += read
		if head == nil {
			if i := bytes.Index(c.buffer[:n], endOfHead); i >= 0 {
				head, end = c.buffer[:i], i+len(endOfHead)+lengthOf(c.buffer[:i])
			}
		}
	}
	if status := int(head[9]-'0')*100 + int(head[10]-'0')*10 + int(head[11]-'0'); status != r.status {
		tb.Fatalf("%s: %s", r.name, head)
	}
	return head
}

func lengthOf(head []byte) (length int) {
	i := bytes.Index(head, contentLength)
	if i < 0 {
		return 0
	}
	for _, digit := range head[i+len(contentLength):] {
		if digit == '\r' {
			break
		}
		length = length*10 + int(digit-'0')
	}
	return length
}

// do is send for a reply whose headers are wanted.
func (c *client) do(tb testing.TB, r request) http.Header {
	tb.Helper()
	header := http.Header{}
	for line := range strings.Lines(string(c.send(tb, r))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		header.Add(name, value)
	}
	return header
}

// BenchmarkRequest counts the whole server: net/http, this package and package db.
func BenchmarkRequest(b *testing.B) {
	address, requests := hotRequests(b)
	c := dial(b, address)
	for _, r := range requests {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.send(b, r)
			}
		})
	}
}

// BenchmarkLogLine writes the line of a request to nowhere.
func BenchmarkLogLine(b *testing.B) {
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	r, err := http.NewRequestWithContext(b.Context(), "GET", tasksOf(alice), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		todohttp.LogRequest(log, r, alice)
	}
}
