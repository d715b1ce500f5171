// Package observability shows what a server does: metrics for Prometheus, and traces for
// OpenTelemetry. dashboard.json and alerts.yaml, beside it, ask for the metrics by name.
package observability

import (
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one server. What OpenTelemetry's semantic conventions name has
// their names, as Prometheus spells them; Go's and the process's are those of
// client_golang; all others begin with todo_. A label has one of a few values that this
// program knows: never a user, a path or a text.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	problems *prometheus.CounterVec
	active   atomic.Int64

	mu     sync.Mutex // held while series is replaced
	series atomic.Pointer[map[series]prometheus.Observer]
}

// series are the labels of requests. The histogram of each is looked up by them without
// a lock: a request pays for one map and one observation.
type series struct {
	method, route string
	status        int
}

// durationBuckets are those of the classic histogram, in seconds: OpenTelemetry's, and
// some below, where most requests are. The native one beside it has no use for them.
var durationBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30}

// NewMetrics returns metrics with those of Go, of the process and of the build.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds",
			Help: "How long requests took until their reply was written, or handed over to a stream.",

			Buckets:                         durationBuckets,
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "todo_problems_total",
			Help: "Replies that are problem documents, by the last part of their type.",
		}, []string{"type"}),
	}
	m.series.Store(&map[series]prometheus.Observer{})
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
		m.requests, m.problems,
	)
	m.Gauge("http_server_active_requests", "Requests whose reply is not written yet.", func() float64 { return float64(m.active.Load()) })
	return m
}

// Handler serves the metrics in the format that the client prefers. Native histograms
// are in protobuf only, classic ones in all.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)})
}

// Gauge adds a metric whose value is read at each scrape. A name that is there already
// is a mistake in the program: it panics.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Info adds a metric that is always 1 and says something by its labels.
func (m *Metrics) Info(name, help string, labels map[string]string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return 1 }))
}

// Counter is Gauge for a value that never falls. Its name ends in _total.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Begin counts a request that has begun. End must follow.
func (m *Metrics) Begin() { m.active.Add(1) }

// End observes a request that began. The route is a pattern, problem the last part of
// its problem type or empty.
func (m *Metrics) End(method, route string, status int, problem string, took time.Duration) {
	m.active.Add(-1)
	s := series{method, route, status}
	observer, ok := (*m.series.Load())[s]
	if !ok {
		observer = m.add(s)
	}
	observer.Observe(took.Seconds())
	if problem != "" {
		m.problems.WithLabelValues(problem).Inc()
	}
}

// methods are those that have a name of their own, as in OpenTelemetry. A client can make
// up any number of others.
var methods = map[string]bool{
	"CONNECT": true, "DELETE": true, "GET": true, "HEAD": true, "OPTIONS": true, "PATCH": true, "POST": true, "PUT": true, "TRACE": true,
}

// MethodName is the method's name in metrics and traces: _OTHER for an unknown one.
func MethodName(method string) string {
	if methods[method] {
		return method
	}
	return "_OTHER"
}

// add makes the histogram of requests that there were none of before. Those of unknown
// methods share one, and are not remembered by their own names.
func (m *Metrics) add(s series) prometheus.Observer {
	observer := m.requests.WithLabelValues(MethodName(s.method), s.route, strconv.Itoa(s.status))
	if !methods[s.method] {
		return observer
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all := maps.Clone(*m.series.Load())
	all[s] = observer
	m.series.Store(&all)
	return observer
}
