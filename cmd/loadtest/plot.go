package main

import (
	"bytes"
	"os"
	"path/filepath"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"
)

// plotPoints is how many points a line of the plot has at most.
const plotPoints = 2000

// latencies is a plot of loads one after another, each with a line of its own: lines that
// overlap in time would interrupt each other.
type latencies struct {
	plot *plot.Plot
	load string // which is sent now
	sent uint64 // requests of the loads before
	next uint64
}

func newLatencies() *latencies {
	l := &latencies{}
	l.plot = plot.New(
		plot.Title("Latency of each request"), plot.Downsample(plotPoints),
		plot.Label(func(*vegeta.Result) string { return l.load }),
	)
	return l
}

// begin starts the line of a load.
func (l *latencies) begin(load string) { l.load, l.sent = load, l.next }

func (l *latencies) add(r *vegeta.Result) error {
	point := *r
	point.Attack, point.Seq = "todo", l.sent+r.Seq
	l.next = max(l.next, point.Seq+1)
	return l.plot.Add(&point)
}

// write writes the plot as an HTML page that needs nothing else.
func (l *latencies) write(path string) error {
	l.plot.Close()
	var page bytes.Buffer
	if _, err := l.plot.WriteTo(&page); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// The third colour can hardly be told from the page's background.
	return os.WriteFile(path, bytes.ReplaceAll(page.Bytes(), []byte("#39393A"), []byte("#D9A6C2")), 0o644)
}
