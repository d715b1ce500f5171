package observability

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

// Pool adds the metrics of a pool, which are read at each scrape.
func (m *Metrics) Pool(pool *db.Pool) { m.registry.MustRegister(poolCollector{pool}) }

// Verifier adds the metrics of a verifier, which are read at each scrape.
func (m *Metrics) Verifier(v *auth.Verifier) { m.registry.MustRegister(verifierCollector{v}) }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	lanesMax       = describe("todo_lanes", "Lanes to the database, by kind of request.", "lanes")
	lanesBusy      = describe("todo_lanes_busy", "Lanes that have requests on them.", "lanes")
	lanesWaiting   = describe("todo_lane_waiting_requests", "Requests that wait for a lane.", "lanes")
	laneRequests   = describe("todo_lane_requests_total", "Requests that were sent on a lane. Divided by the pipelines: how many shared a write to the network.", "lanes")
	lanePipelines  = describe("todo_lane_pipelines_total", "Writes to the network that carried them.", "lanes")
	laneWaits      = describe("todo_lane_wait_seconds", "How long requests waited that found no lane free and got one.", "lanes")
	laneRefused    = describe("todo_lane_refused_requests_total", "Requests that got no lane: no place to wait, or none free in time.", "lanes", "reason")
	connectionsMax = describe("todo_db_connections_max", "Connections to the database that may be open.")
	connections    = describe("todo_db_connections", "Connections to the database.", "state")
	opened         = describe("todo_db_connections_opened_total", "Connections that were opened.")
	closed         = describe("todo_db_connections_closed_total", "Connections that were closed for their age or for want of use.", "reason")
	canceled       = describe("todo_db_connection_waits_canceled_total", "Waits for a connection that ended without one.")
	retries        = describe("todo_db_retries_total", "Statements that were sent again, by why.", "rule")
)

type poolCollector struct{ *db.Pool }

func (c poolCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lanesMax, lanesBusy, lanesWaiting, laneRequests, lanePipelines, laneWaits, laneRefused, connectionsMax, connections, opened, closed, canceled, retries} {
		descs <- d
	}
}

func (c poolCollector) Collect(metrics chan<- prometheus.Metric) {
	stats := c.Stats()
	for _, kind := range []struct {
		name string
		db.LaneStats
	}{{"reads", stats.Reads}, {"writes", stats.Writes}, {"heavy", stats.Heavy}, {"exports", stats.Exports}} {
		gauge(metrics, lanesMax, kind.Max, kind.name)
		gauge(metrics, lanesBusy, kind.Busy, kind.name)
		gauge(metrics, lanesWaiting, kind.Waiting, kind.name)
		counter(metrics, laneRequests, kind.Requests, kind.name)
		counter(metrics, lanePipelines, kind.Batches, kind.name)
		metrics <- prometheus.MustNewConstSummary(laneWaits, uint64(kind.Waits), kind.Waited.Seconds(), nil, kind.name)
		counter(metrics, laneRefused, kind.Full, kind.name, "queue full")
		counter(metrics, laneRefused, kind.Late, kind.name, "no lane")
	}
	conns := c.Connections()
	gauge(metrics, connectionsMax, conns.Max)
	gauge(metrics, connections, conns.InUse, "used")
	gauge(metrics, connections, conns.Idle, "idle")
	gauge(metrics, connections, conns.Connecting, "connecting")
	counter(metrics, opened, conns.Opened)
	counter(metrics, closed, conns.Expired, "age")
	counter(metrics, closed, conns.IdledOut, "idle")
	counter(metrics, canceled, conns.Canceled)
	for rule, count := range c.Retries() {
		counter(metrics, retries, count, rule)
	}
}

var (
	cacheRequests = describe("todo_token_cache_requests_total", "Tokens, by whether the cache had them.", "result")
	cacheEntries  = describe("todo_token_cache_entries", "Verified tokens in the cache.")
	cacheMax      = describe("todo_token_cache_entries_max", "Verified tokens that the cache may have.")
	keySetKeys    = describe("todo_key_set_keys", "Valid keys of the issuer's key set.")
	keySetFetches = describe("todo_key_set_fetches_total", "Fetches of the key set.", "result")
	keySetSuccess = describe("todo_key_set_last_success_timestamp_seconds", "When the key set was last fetched, in Unix time; 0 before the first time.")
)

type verifierCollector struct{ *auth.Verifier }

func (c verifierCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{cacheRequests, cacheEntries, cacheMax, keySetKeys, keySetFetches, keySetSuccess} {
		descs <- d
	}
}

// Collect has nothing to say of a key set or a cache that is not configured.
func (c verifierCollector) Collect(metrics chan<- prometheus.Metric) {
	stats := c.Stats()
	if stats.CacheSize > 0 {
		counter(metrics, cacheRequests, stats.Hits, "hit")
		counter(metrics, cacheRequests, stats.Misses, "miss")
		gauge(metrics, cacheEntries, stats.Cached)
		gauge(metrics, cacheMax, stats.CacheSize)
	}
	if set := stats.KeySet; set != nil {
		gauge(metrics, keySetKeys, set.Keys)
		counter(metrics, keySetFetches, set.Fetches-set.Failed, "success")
		counter(metrics, keySetFetches, set.Failed, "failure")
		var at int64
		if !set.LastSuccess.IsZero() {
			at = set.LastSuccess.Unix()
		}
		gauge(metrics, keySetSuccess, at)
	}
}

func gauge[N int | int64](metrics chan<- prometheus.Metric, d *prometheus.Desc, value N, labels ...string) {
	metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
}

func counter(metrics chan<- prometheus.Metric, d *prometheus.Desc, value int64, labels ...string) {
	metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
}
