package http

import "github.com/securetodo/securetodo/http/observability"

// addMetrics adds what a server has to say besides its requests. Whoever has a budget
// adds it here: how much of it is in use, and how much there is.
func (s *server) addMetrics(m *observability.Metrics) {
	m.Pool(s.db)
	m.Verifier(s.verifier)
	m.Gauge("todo_streams_open", "Streams of changes that are open.", func() float64 { return float64(s.live.count()) })
	m.Gauge("todo_streams_max", "Streams of changes that may be open.", func() float64 { return float64(s.live.max) })
	s.replies.addMetrics(m)
	s.exports.addMetrics(m)
}

func (l *live) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

func (b *Budget) addMetrics(m *observability.Metrics) {
	m.Gauge("todo_"+b.of+"_bytes", "Bytes of memory that "+b.of+" hold while their clients read them.", func() float64 { return float64(b.Stats().InUse) })
	m.Gauge("todo_"+b.of+"_bytes_max", "Bytes of memory that "+b.of+" may hold while their clients read them.", func() float64 { return float64(b.Stats().Max) })
	m.Counter("todo_"+b.of+"_shed_total", "Requests for "+b.of+" that were refused because there was no memory left for them.", func() float64 { return float64(b.Stats().Shed) })
}
