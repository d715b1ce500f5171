package main

import (
	"context"
	"io"

	todohttp "github.com/securetodo/securetodo/http"
	"github.com/securetodo/securetodo/http/observability"
)

// observe adds to api what shows its work: metrics where there is an address to serve
// them at, and a tracer where OpenTelemetry's variables name a collector. flush, which
// must be called at the end, sends it the last spans. dropped counts the lines of the log
// that were dropped, if not nil.
func (c config) observe(ctx context.Context, api *todohttp.Config, connections *todohttp.Connections, dropped func() int64) (flush func(), err error) {
	if c.AdminAddr != "" {
		api.Metrics = observability.NewMetrics()
		b := build()
		api.Metrics.Info("todo_build_info", "The release that runs; always 1.", map[string]string{"version": b.Version, "revision": b.Commit, "goversion": b.Go})
		api.Metrics.Gauge("todo_connections_open", "Connections of clients.", func() float64 { open, _ := connections.Count(); return float64(open) })
		api.Metrics.Gauge("todo_connections_max", "Connections of clients that there may be.", func() float64 { _, most := connections.Count(); return float64(most) })
		if dropped != nil {
			api.Metrics.Counter("todo_log_lines_dropped_total", "Lines of the log for which there was no room, or that could not be written.",
				func() float64 { return float64(dropped()) })
		}
	}
	api.LogUserIDs = c.LogUserIDs
	api.Tracer, flush, err = observability.ExportTraces(ctx, api.Log, build().Version)
	return flush, err
}

// droppedBy returns what counts the lines that out has dropped, nil where nothing does.
func droppedBy(out io.Writer) func() int64 {
	if q, ok := out.(*logQueue); ok {
		return q.lost.Load
	}
	return nil
}
