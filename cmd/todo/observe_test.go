package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
	"github.com/securetodo/securetodo/db/dbtest"
)

// spans is a collector that keeps what it gets.
type spans struct {
	mu    sync.Mutex
	spans []*trace.Span
	text  strings.Builder // all of it, resources included
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
		http.Error(w, "not spans", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.WriteString(prototext.Format(&request))
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			s.spans = append(s.spans, scope.Spans...)
		}
	}
}

// named returns the spans with a name.
func (s *spans) named(name string) (found []*trace.Span) {
	for _, span := range s.spans {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

const (
	private       = "Zauberwort" // is in all that a client plants
	privateUser   = "user_" + private
	callersTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersParent = "00f067aa0ba902b7"
)

// busy is what a server has shown of a run that had a bit of everything.
type busy struct {
	log, metrics string
	spans        *spans
	token        string
}

// keepBusy has a server do and refuse all that it can, with private texts wherever a client
// can put one, and stops it.
func keepBusy(t *testing.T, more ...string) busy {
	t.Helper()
	issuer := authtest.Start(t)
	b := busy{spans: &spans{}}
	receiver := httptest.NewServer(b.spans)
	t.Cleanup(receiver.Close)
	p, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner), append([]string{
		"ADMIN_ADDR=127.0.0.1:0", "LOG_LEVEL=DEBUG", "JWKS_URL=" + issuer.URL, "JWT_AUDIENCE=todo", "HS256_AUDIENCE=", "CORS_ORIGINS=https://app.example",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + receiver.URL,
	}, more...)...))
	p.waitFor(t, p.log, `"msg":"new key"`)
	admin := probed(t, p)
	signed, err := auth.SignHS256([]byte(testSecret), auth.Policy{}, auth.Identity{UserID: privateUser, Email: private + "@example.test"}, 3600e9)
	if err != nil {
		t.Fatal(err)
	}
	b.token = signed
	send := func(status int, method, path, body string, headers ...string) (http.Header, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+signed)
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		reply, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != status {
			t.Errorf("%s %s: %d %s %v, want %d", method, path, reply.StatusCode, text, err, status)
		}
		return reply.Header, string(text)
	}
	tasks := "/api/" + privateUser + "/tasks"
	made, _ := send(201, "POST", tasks, `{"title":"`+private+`","description":"`+private+`","tags":["`+private+`"]}`)
	task := made.Get("Location")
	send(200, "GET", tasks, "", "Traceparent: 00-"+callersTrace+"-"+callersParent+"-01", "Tracestate: vendor="+private, "Baggage: user="+private, "User-Agent: "+private)
	send(200, "GET", tasks, "", "Traceparent: "+private)
	send(304, "GET", tasks, "", "If-None-Match: *")
	send(200, "GET", tasks+"?search="+private+"&sort=title", "")
	send(400, "GET", tasks+"?"+private+"=1", "")
	send(200, "PUT", task, `{"title":"`+private+` 2"}`)
	send(412, "PUT", task, `{"title":"`+private+`"}`, `If-Match: "1"`)
	send(422, "PUT", task, `{"`+private+`":1,"priority":"`+private+`"}`)
	send(400, "PUT", task, private)
	send(415, "PUT", task, private, "Content-Type: "+strings.ToLower(private)+"/x")
	send(200, "PATCH", task+"/complete", "")
	send(200, "GET", "/api/"+privateUser+"/changes", "")
	send(400, "GET", "/api/"+privateUser+"/changes?since="+private, "")
	send(200, "GET", "/api/"+privateUser, "")
	send(200, "GET", "/api/"+privateUser+"/export", "")
	send(403, "GET", "/api/"+private+"/tasks", "")
	send(404, "GET", "/api/"+privateUser+"/"+private, "")
	send(404, "GET", "/"+private, "")
	send(405, private, tasks, "")
	send(401, "GET", tasks, "", "Authorization: Bearer "+signed[:len(signed)-4]+"AAAA")
	send(401, "GET", tasks, "", "Authorization: Bearer "+private)
	send(401, "GET", tasks, "", "Authorization: Basic "+private)
	send(401, "GET", tasks, "", "Authorization: Bearer "+issuer.Token("EdDSA", map[string]any{"sub": privateUser, "iss": private}))
	send(204, "OPTIONS", tasks, "", "Origin: https://app.example", "Access-Control-Request-Method: PUT")
	send(404, "GET", task[:len(task)-4]+"0000", "")
	send(200, "GET", "/health", "")
	stream := openedStream{}
	if err := stream.open(address, privateUser); err != nil {
		t.Fatal(err)
	}
	send(200, "DELETE", tasks+"?all=true", "")
	send(204, "DELETE", "/api/"+privateUser, "")
	for _, path := range []string{"/livez", "/readyz", "/debug/pprof/", "/debug/pprof/goroutine?debug=1"} {
		if status, body := get(t, admin, path, ""); status != 200 || strings.Contains(body, private) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		send(404, "GET", path, "")
	}
	var status int
	if status, b.metrics = get(t, admin, "/metrics", ""); status != 200 {
		t.Error(status, b.metrics)
	}
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	b.log = p.log.String()
	return b
}

// TestServeShowsWhatItDoesAndNothingPrivate looks at all that a busy server shows.
func TestServeShowsWhatItDoesAndNothingPrivate(t *testing.T) {
	t.Parallel()
	b := keepBusy(t)
	for what, shown := range map[string]string{"log": b.log, "metrics": b.metrics, "traces": b.spans.text.String()} {
		for _, secret := range append(strings.Split(b.token, "."), private, "@example.test", testSecret) {
			for line := range strings.Lines(shown) {
				if strings.Contains(strings.ToLower(line), strings.ToLower(secret)) {
					t.Errorf("%q is in the %s: %s", secret, what, line)
				}
			}
		}
	}
	t.Run("LogHasOneShape", b.testLog)
	t.Run("Metrics", b.testMetrics)
	t.Run("Traces", b.testTraces)
	t.Run("DashboardAndAlerts", b.testFiles)
}

// testLog wants each name to have one type in all lines, and each line its time, level
// and message.
func (b busy) testLog(t *testing.T) {
	types := map[string]string{}
	routes := map[float64][]any{}
	for scanner := bufio.NewScanner(strings.NewReader(b.log)); scanner.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Errorf("%s: %v", scanner.Bytes(), err)
		}
		for name, value := range line {
			kind := fmt.Sprintf("%T", value)
			if types[name] == "" {
				types[name] = kind
			}
			if kind != types[name] || kind == "map[string]interface {}" || kind == "[]interface {}" || kind == "<nil>" {
				t.Errorf("%s is a %s, and was a %s: %s", name, kind, types[name], scanner.Bytes())
			}
		}
		for _, name := range []string{"time", "level", "msg"} {
			if line[name] == nil || line[name] == "" {
				t.Errorf("no %s: %s", name, scanner.Bytes())
			}
		}
		if line["cause"] != nil && line["error"] == nil {
			t.Errorf("a cause without an error: %s", scanner.Bytes())
		}
		if line["msg"] != "request" {
			continue
		}
		status := line["status"].(float64)
		routes[status] = append(routes[status], line["route"])
		if status >= 400 && line["error"] == nil {
			t.Errorf("no error: %s", scanner.Bytes())
		}
		if want := map[bool]string{true: "127.0.0.0/24", false: "127.0.0.1"}[line["user"] != nil]; line["client"] != want {
			t.Errorf("not from %s: %s", want, scanner.Bytes())
		}
	}
	for _, name := range []string{"error", "cause", "query", "client", "user", "route", "trace_id", "token_alg"} {
		if types[name] != "string" {
			t.Errorf("%s is a %q", name, types[name])
		}
	}
	for _, name := range []string{"query_ms", "duration_ms", "status", "bytes"} {
		if types[name] != "float64" {
			t.Errorf("%s is a %q", name, types[name])
		}
	}
	for _, status := range []float64{401, 403, 204} {
		if len(routes[status]) == 0 || slices.Contains(routes[status], any("none")) {
			t.Errorf("the routes of %v: %v", status, routes[status])
		}
	}
	if !strings.Contains(b.log, `"trace_id":"`+callersTrace+`"`) {
		t.Error("the caller's trace is in no line")
	}
}

func (b busy) testMetrics(t *testing.T) {
	for _, want := range []string{
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="201",http_route="/api/{user_id}/tasks"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="401",http_route="/api/{user_id}/tasks"} 4`,
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="405",http_route="/api/{user_id}/tasks"} 1`,
		`todo_problems_total{type="unauthorized"} 4`, `todo_lanes{lanes="reads"} 4`, `todo_lane_requests_total{lanes="exports"} 1`,
		`todo_lane_wait_seconds_count{lanes="writes"} 0`, `todo_lane_refused_requests_total{lanes="reads",reason="queue full"} 0`,
		`todo_db_retries_total{rule="deadlock"} 0`, "todo_db_connections_max 24\n", "todo_streams_open ", "todo_log_lines_dropped_total 0\n",
		"todo_token_cache_entries 2\n", "todo_key_set_fetches_total{result=\"success\"} 1\n", "todo_key_set_last_success_timestamp_seconds 1.", "go_goroutines ", "go_build_info{", "todo_build_info{goversion=\"go1.",
	} {
		if !strings.Contains(b.metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func (b busy) testTraces(t *testing.T) {
	lists := b.spans.named("GET /api/{user_id}/tasks")
	var continued *trace.Span
	for _, span := range lists {
		if hex.EncodeToString(span.TraceId) == callersTrace && hex.EncodeToString(span.ParentSpanId) == callersParent {
			continued = span
		} else if len(span.ParentSpanId) != 0 {
			t.Errorf("a parent that nobody named: %v", span)
		}
		if span.Kind != trace.Span_SPAN_KIND_SERVER || span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%v", span)
		}
	}
	if continued == nil {
		t.Fatalf("none of %d spans continues the caller's trace", len(lists))
	}
	query := slices.IndexFunc(b.spans.named("ListTasks"), func(span *trace.Span) bool {
		return slices.Equal(span.ParentSpanId, continued.SpanId) && slices.Equal(span.TraceId, continued.TraceId) &&
			span.StartTimeUnixNano >= continued.StartTimeUnixNano && span.EndTimeUnixNano <= continued.EndTimeUnixNano
	})
	if query < 0 {
		t.Errorf("the list has no query: %v", b.spans.spans)
	}
	for _, name := range []string{"AddTask", "UpdateTask", "CompleteTask", "GetAccount", "ClearTasks", "EraseAccount", "GET /health", "_OTHER /api/{user_id}/tasks", "OPTIONS /api/{user_id}/tasks", "GET"} {
		if len(b.spans.named(name)) == 0 {
			t.Errorf("no span %s", name)
		}
	}
	for _, want := range []string{`"db.system.name"`, `"postgresql"`, `"db.query.summary"`, `"http.route"`, `"http.response.status_code"`, `"service.name"`, `"todo"`} {
		if !strings.Contains(b.spans.text.String(), want) {
			t.Errorf("no %s in the traces", want)
		}
	}
}

// metricName is the name of a metric in an expression; what Prometheus makes itself is
// not among them.
var metricName = regexp.MustCompile(`\b(?:todo|http_server|go|process)_[a-z0-9_]+`)

// testFiles wants each metric that the dashboard and the alerts ask for to be there, and
// each of this program's own to be asked for.
func (b busy) testFiles(t *testing.T) {
	asked := map[string]bool{}
	for _, file := range []string{"dashboard.json", "alerts.yaml"} {
		content, err := os.ReadFile("../../http/observability/" + file)
		if err != nil {
			t.Fatal(err)
		}
		names := metricName.FindAllString(string(content), -1)
		for _, name := range names {
			asked[name] = true
			if !strings.Contains(b.metrics, "\n"+name+"{") && !strings.Contains(b.metrics, "\n"+name+" ") {
				t.Errorf("%s asks for %s, which there is not", file, name)
			}
		}
		if len(names) < 10 {
			t.Errorf("%s: %v", file, names)
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^((?:todo|http)_[a-z_]+)[{ ]`).FindAllStringSubmatch(b.metrics, -1) {
		if name := match[1]; !asked[name] && name != "http_server_request_duration_seconds_sum" {
			t.Errorf("no panel and no alert has %s", name)
		}
	}
}
