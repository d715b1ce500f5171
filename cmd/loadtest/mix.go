package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

const (
	// goal is what the 95th percentile at so many clients must be below.
	goal = 200 * time.Millisecond
	// clients are those of the closed loop.
	clients = 100
)

// openLoops are the rates of the open loops, in per cent of what the closed one gave.
var openLoops = []int{25, 50, 75}

// mixTest is what `loadtest mix` runs.
type mixTest struct {
	program          string // todo
	databaseURL      string // of a filled database
	users            users
	clients          int
	warmUp, duration time.Duration // each open loop takes two thirds of duration
	kinds            []kind
	plot             string // path
}

func mixCommand() *cobra.Command {
	m := mixTest{clients: clients, kinds: mix}
	var count, tasks int
	c := &cobra.Command{
		Use:   "mix",
		Short: "Send a mix of requests by many users and print how long they took",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			var stop func() error
			if m.databaseURL, m.users, stop, err = filledDatabase(cmd.Context(), m.program, count, tasks, out); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			fmt.Fprintf(out, "%d users with %d tasks each; PostgreSQL with its default settings\n\n", count, tasks)
			return m.run(cmd.Context(), out)
		},
	}
	c.Flags().StringVar(&m.program, "todo", "bin/todo", "the program to measure")
	c.Flags().IntVar(&count, "users", 10_000, "number of users")
	c.Flags().IntVar(&tasks, "tasks-per-user", 5, "number of tasks per user")
	c.Flags().DurationVar(&m.warmUp, "warm-up", 3*time.Second, "how long to send requests before any is counted")
	c.Flags().DurationVar(&m.duration, "duration", 15*time.Second, "how long the closed loop takes; each open loop takes two thirds of it")
	c.Flags().StringVar(&m.plot, "plot", filepath.Join(os.TempDir(), "todo-load.html"), "where to write the plot")
	return c
}

// run prints the tables. It fails if a request did, or if the goal is not reached.
func (m mixTest) run(ctx context.Context, out io.Writer) (err error) {
	s, err := startServer(ctx, m.program, m.databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	targets := m.users.targets(s.url, m.kinds...)
	drawn := newLatencies()
	t := &table{out: out}
	failed := uint64(0)
	send := func(l load) (*outcome, error) {
		drawn.begin(l.name)
		l.result = drawn.add
		o, err := l.send(ctx, s, targets)
		if err != nil {
			return nil, err
		}
		o.printErrors(out, l.name)
		o.addTo(t, l.name)
		failed += o.all.failed
		return o, nil
	}
	if m.warmUp > 0 {
		warmUp, err := load{clients: m.clients, duration: m.warmUp}.send(ctx, s, targets)
		if err != nil {
			return err
		}
		warmUp.printErrors(out, "warming up")
		failed += warmUp.all.failed
	}
	closed, err := send(load{name: fmt.Sprintf("closed loop, %d clients", m.clients), clients: m.clients, duration: m.duration})
	if err != nil {
		return err
	}
	memory := s.peakMemory()
	for _, percent := range openLoops {
		rate := max(1, int(closed.throughput())*percent/100)
		l := load{name: fmt.Sprintf("open loop at %d %%, %d a second", percent, rate), rate: rate, duration: m.duration * 2 / 3}
		if _, err := send(l); err != nil {
			return err
		}
	}
	p95 := closed.all.Latencies.P95
	verdict := fmt.Sprintf("p95 %s at %d clients: %.1f times below %d ms", milliseconds(p95), m.clients, goal.Seconds()/p95.Seconds(), goal.Milliseconds())
	var missed error
	if p95 >= goal {
		verdict = fmt.Sprintf("p95 %s at %d clients: not below %d ms", milliseconds(p95), m.clients, goal.Milliseconds())
		missed = errors.New(verdict)
	}
	if failed > 0 {
		missed = errors.Join(fmt.Errorf("%d requests failed", failed), missed)
	}
	if err := errors.Join(t.print(), drawn.write(m.plot)); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\nmost memory of the server: %s with %d clients, %s in all\nplot: %s\n", verdict, memory, m.clients, s.peakMemory(), m.plot)
	return missed
}
