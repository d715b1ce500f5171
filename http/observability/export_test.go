package observability

import (
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// Remembered is how many series are looked up without asking the library.
func (m *Metrics) Remembered() int { return len(*m.series.Load()) }

// Families are the metrics as they are before they are written.
func (m *Metrics) Families(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}
