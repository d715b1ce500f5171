package observability_test

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/http/observability"
)

func scrape(t *testing.T, m *observability.Metrics, accept string) string {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	request.Header.Set("Accept", accept)
	reply := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(reply, request)
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.Code != 200 {
		t.Fatal(reply.Code, err)
	}
	return string(body)
}

// TestMetricsCountRequestsBySeries has many goroutines find a series that is new.
func TestMetricsCountRequestsBySeries(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics()
	var requests sync.WaitGroup
	for n := range 400 {
		requests.Go(func() {
			m.Begin()
			m.End([]string{"GET", "PUT"}[n%2], "/a", 200+n%4, "", 3*time.Millisecond)
		})
	}
	requests.Wait()
	m.Begin()
	text := scrape(t, m, "text/plain")
	for _, want := range []string{
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/a"} 100`,
		`http_server_request_duration_seconds_count{http_request_method="PUT",http_response_status_code="203",http_route="/a"} 100`,
		`http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="202",http_route="/a",le="0.0025"} 0`,
		`http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="202",http_route="/a",le="0.005"} 100`,
		"http_server_active_requests 1\n", "go_goroutines ", "process_open_fds ", "go_build_info{",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestMetricsDoNotGrowWithWhatClientsMakeUp sends methods that nobody knows.
func TestMetricsDoNotGrowWithWhatClientsMakeUp(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics()
	for n := range 100 {
		m.Begin()
		m.End("BREW"+strings.Repeat("!", n), "none", 405, "method-not-allowed", time.Millisecond)
	}
	text := scrape(t, m, "text/plain")
	if n := strings.Count(text, "http_server_request_duration_seconds_count{"); n != 1 || strings.Contains(text, "BREW") {
		t.Errorf("%d series:\n%s", n, text)
	}
	for _, want := range []string{`_count{http_request_method="_OTHER",http_response_status_code="405",http_route="none"} 100`, `todo_problems_total{type="method-not-allowed"} 100`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if n := m.Remembered(); n != 0 {
		t.Errorf("%d series of unknown methods are remembered", n)
	}
}

// TestMetricsHaveNativeHistograms asks for the one format that can carry them.
func TestMetricsHaveNativeHistograms(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics()
	m.Begin()
	m.End("GET", "/a", 200, "", time.Millisecond)
	for _, family := range m.Families(t) {
		if family.GetName() == "http_server_request_duration_seconds" {
			h := family.GetMetric()[0].GetHistogram()
			if len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 {
				t.Errorf("not both kinds: %v", h)
			}
			return
		}
	}
	t.Error("there is no such metric")
}
