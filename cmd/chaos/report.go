//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/workload"
)

// report prints the tables and what is wrong, and returns an error if anything is.
func report(out io.Writer, s *schedule, load *workload.Load) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\nrequests\tsent\t")
	for _, c := range workload.Classes() {
		fmt.Fprintf(w, "%s\t", c)
	}
	others := 0
	load.Tally.Each(func(kind string, counts [workload.NumberOfClasses]int) {
		sent := 0
		for _, n := range counts {
			sent += n
		}
		fmt.Fprintf(w, "\n%s\t%d\t", kind, sent)
		for _, n := range counts {
			fmt.Fprintf(w, "%d\t", n)
		}
		others = counts[workload.Other] // of all, which come last
	})
	fmt.Fprint(w, "\n\nfaults\tcount\tlongest time to normal\t\n")
	all, worst := 0, time.Duration(0)
	for _, k := range kinds {
		if seen := s.injected[k.name]; seen != nil {
			fmt.Fprintf(w, "%s\t%d\t%.2f s\t\n", k.name, seen.count, seen.worst.Seconds())
			all, worst = all+seen.count, max(worst, seen.worst)
		}
	}
	fmt.Fprintf(w, "all\t%d\t%.2f s\t\n", all, worst.Seconds())
	if err := w.Flush(); err != nil {
		return err
	}
	for _, line := range load.Tally.Others() {
		fmt.Fprintln(out, line)
	}
	violations, counts := load.Violations()
	for _, v := range violations {
		fmt.Fprintln(out, "\nVIOLATION", v)
	}
	var err error
	if len(counts) > 0 {
		var rules []string
		for _, rule := range slices.Sorted(maps.Keys(counts)) {
			rules = append(rules, fmt.Sprintf("%d of %s", counts[rule], rule))
		}
		err = fmt.Errorf("violations: %s; --seed %d has the same faults again", strings.Join(rules, ", "), load.Seed)
	}
	if others > 0 {
		err = errors.Join(err, fmt.Errorf("%d requests got neither 2xx nor 4xx nor 503", others))
	}
	if err == nil {
		fmt.Fprintf(out, "nothing lost, nothing done twice, nothing of another user\n")
	}
	return err
}
