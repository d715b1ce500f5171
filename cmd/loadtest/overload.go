package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	// overloadFactor is how many times as many clients as saturate the server overload it.
	overloadFactor = 10
	// overloadGoal is what part of its peak the goodput keeps at least.
	overloadGoal = 0.9
	// overloadMemory is the most resident memory of the server.
	overloadMemory = 150 << 20
	// saturation is the part of the best goodput that saturates.
	saturation = 0.95
)

// overloadTest is what `loadtest overload` runs. Goodput is how many requests a second
// succeed. The generator has the same processors as the server, so an open loop at ten
// times the rate would measure the generator: instead ten times as many clients wait for
// answers, each of which sends its next request at once, also behind a refusal.
type overloadTest struct {
	program     string // todo
	databaseURL string // of a filled database
	users       users
	steps       []int // clients, from few to many
	turn        time.Duration
	rounds      int
}

func overloadCommand() *cobra.Command {
	o := overloadTest{steps: []int{8, 16, 32, 64, 128, 256}}
	var count int
	c := &cobra.Command{
		Use:   "overload",
		Short: "Compare what succeeds under ten times the load that saturates the server with what succeeds at its peak",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			var stop func() error
			if o.databaseURL, o.users, stop, err = filledDatabase(cmd.Context(), o.program, count, tasksPerUser, out); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			return o.run(cmd.Context(), out)
		},
	}
	c.Flags().StringVar(&o.program, "todo", "bin/todo", "the program to measure")
	c.Flags().IntVar(&count, "users", 10_000, "number of users")
	c.Flags().DurationVar(&o.turn, "turn", 5*time.Second, "how long each number of clients is measured at a time")
	c.Flags().IntVar(&o.rounds, "rounds", 7, "how many turns the peak and the overload have each")
	return c
}

// run prints the tables. It fails if a goal is missed or a reply has a status that an
// overloaded server may not send.
func (o overloadTest) run(ctx context.Context, out io.Writer) (err error) {
	s, err := startServer(ctx, o.program, o.databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	statuses := map[string]int{}
	t := &table{out: out}
	t.row("clients", "goodput", "p50", "p99", "refused", "CPU of the server", "of PostgreSQL")
	send := func(clients int) (float64, error) {
		refused, succeeded := 0, 0
		// While connections open, and while the last answers come, not all clients ask.
		begin, end := time.Now().Add(o.turn/4), time.Now().Add(o.turn)
		l := load{clients: clients, duration: o.turn, result: func(r *vegeta.Result) error {
			statuses[statusOf(r)]++
			if r.Code == http.StatusServiceUnavailable || r.Code == http.StatusTooManyRequests {
				refused++
			}
			if at := r.End(); r.Error == "" && at.After(begin) && at.Before(end) {
				succeeded++
			}
			return nil
		}}
		before, err := s.cpu(ctx)
		if err != nil {
			return 0, err
		}
		result, err := l.send(ctx, s, o.users.targets(s.url, mix...))
		if err != nil {
			return 0, err
		}
		after, err := s.cpu(ctx)
		if err != nil {
			return 0, err
		}
		m, goodput := result.all, float64(succeeded)/end.Sub(begin).Seconds()
		// What it costs to succeed tells more where the machine has other things to do.
		server, database := after.since(before, max(1, m.Requests-m.failed))
		t.row(
			grouped(clients), fmt.Sprintf("%.0f", goodput), milliseconds(m.Latencies.P50), milliseconds(m.Latencies.P99), refused,
			fmt.Sprintf("%.0f µs", server), fmt.Sprintf("%.0f µs", database),
		)
		return goodput, nil
	}
	if _, err := send(o.steps[len(o.steps)/2]); err != nil { // warms up
		return err
	}
	saturating, err := o.saturate(send)
	if err != nil {
		return err
	}
	var ratios []float64
	for range o.rounds {
		peak, err := send(saturating)
		if err != nil {
			return err
		}
		over, err := send(overloadFactor * saturating)
		if err != nil {
			return err
		}
		ratios = append(ratios, over/peak)
	}
	if err := t.print(); err != nil {
		return err
	}
	resident := s.peakBytes()
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		fmt.Fprintf(out, "%9d  %s\n", statuses[status], status)
	}
	fmt.Fprintf(out, "%d clients saturate; with %s, %.2f times the goodput (%.2f to %.2f); most memory of the server: %s\n",
		saturating, grouped(overloadFactor*saturating), median(ratios), slices.Min(ratios), slices.Max(ratios), s.peakMemory())
	return o.verdict(median(ratios), resident, statuses)
}

// saturate returns the least number of clients that gives nearly the best goodput.
func (o overloadTest) saturate(send func(clients int) (float64, error)) (int, error) {
	goodput := make([]float64, len(o.steps))
	for i, clients := range o.steps {
		var err error
		if goodput[i], err = send(clients); err != nil {
			return 0, err
		}
	}
	best := slices.Max(goodput)
	return o.steps[slices.IndexFunc(goodput, func(g float64) bool { return g >= saturation*best })], nil
}

func (o overloadTest) verdict(ratio float64, resident int, statuses map[string]int) error {
	var all error
	if ratio < overloadGoal {
		all = fmt.Errorf("goodput under overload is %.2f of the peak, below %.1f", ratio, overloadGoal)
	}
	if resident > overloadMemory {
		all = errors.Join(all, fmt.Errorf("the server took %d MiB, more than %d", resident>>20, overloadMemory>>20))
	}
	for status, n := range statuses {
		if !allowedUnderLoad(status) {
			all = errors.Join(all, fmt.Errorf("%d requests ended with %s", n, status))
		}
	}
	return all
}

// statusOf is the class of a reply or, where there was none, why.
func statusOf(r *vegeta.Result) string {
	switch {
	case r.Code == http.StatusServiceUnavailable:
		return "503"
	case r.Code >= 200 && r.Code < 300:
		return "2xx"
	case r.Code >= 400 && r.Code < 500:
		return "4xx"
	case r.Code > 0:
		return fmt.Sprint(r.Code)
	}
	return r.Error
}

func allowedUnderLoad(status string) bool {
	return slices.Contains([]string{"2xx", "4xx", "503"}, status)
}
