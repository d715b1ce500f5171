package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table aligns columns: the first to the left, the others to the right.
type table struct {
	out  io.Writer
	rows [][]string
}

func (t *table) row(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = fmt.Sprint(cell)
	}
	t.rows = append(t.rows, row)
}

// print ends with an empty line.
func (t *table) print() error {
	width := 0
	for _, row := range t.rows {
		width = max(width, len([]rune(row[0])))
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range t.rows {
		fmt.Fprintf(w, "%-*s\t%s\t\n", width, row[0], strings.Join(row[1:], "\t"))
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// addTo adds a row for each kind of request, and one for all of them.
func (o *outcome) addTo(t *table, name string) {
	t.row(name, "requests", "per second", "p50", "p95", "p99", "failed")
	row := func(name string, m *measured) {
		t.row("  "+name, m.Requests, fmt.Sprintf("%.0f", m.Rate), milliseconds(m.Latencies.P50), milliseconds(m.Latencies.P95), milliseconds(m.Latencies.P99), m.failed)
	}
	for _, k := range mix {
		if m := o.kinds[k.name]; m != nil {
			row(k.name, m)
		}
	}
	row("all", &o.all)
}

// printErrors says what went wrong, and how often.
func (o *outcome) printErrors(out io.Writer, name string) {
	for _, message := range slices.Sorted(maps.Keys(o.errors)) {
		fmt.Fprintf(out, "%s: %d times %s\n", name, o.errors[message], message)
	}
}
