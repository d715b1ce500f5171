package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// side is one of the two that are compared. Its targets may differ from round to round.
type side struct {
	server  *server
	clients int
	targets func(round int) vegeta.Targeter
}

// comparison says what part of the throughput of one side the other one has.
type comparison struct {
	name  string
	goal  float64      // 0 for none
	rates [2][]float64 // requests a second of both sides
	// CPU time a request, in microseconds.
	serverCPU, databaseCPU [2][]float64
	ratios                 []float64 // of the rates
	failed                 uint64
}

// compare has both sides take turns, so that what slows the machine down for a while
// slows both. Which one begins changes from round to round.
func (t *scaleTest) compare(ctx context.Context, name string, goal float64, a, b side) (comparison, error) {
	c := comparison{name: name, goal: goal}
	sides := [2]side{a, b}
	for _, s := range sides {
		if _, err := s.turn(ctx, t.turn/2, 0); err != nil {
			return c, err
		}
	}
	for round := range t.rounds {
		for i := range sides {
			n := (i + round) % 2
			before, err := sides[n].server.cpu(ctx)
			if err != nil {
				return c, err
			}
			o, err := sides[n].turn(ctx, t.turn, round)
			if err != nil {
				return c, err
			}
			after, err := sides[n].server.cpu(ctx)
			if err != nil {
				return c, err
			}
			o.printErrors(t.out, name)
			c.failed += o.all.failed
			c.rates[n] = append(c.rates[n], o.throughput())
			server, database := after.since(before, o.all.Requests)
			c.serverCPU[n], c.databaseCPU[n] = append(c.serverCPU[n], server), append(c.databaseCPU[n], database)
		}
		c.ratios = append(c.ratios, c.rates[1][round]/c.rates[0][round])
	}
	return c, nil
}

func (s side) turn(ctx context.Context, duration time.Duration, round int) (*outcome, error) {
	return load{clients: s.clients, duration: duration}.send(ctx, s.server, s.targets(round))
}

// compareAll reads before it writes, because creating makes databases grow.
func (t *scaleTest) compareAll(ctx context.Context) ([]comparison, error) {
	base, big := t.runs[0], t.runs[len(t.runs)-1]
	var compared []comparison
	add := func(name string, goal float64, a, b side) error {
		c, err := t.compare(ctx, name, goal, a, b)
		compared = append(compared, c)
		return err
	}
	for _, k := range []kind{list, get, create} {
		goal := 0.9
		if k.name == create.name {
			goal = 0.8
		} else {
			few := everyone(base, k, clients)
			if err := add(fmt.Sprintf("%s: %s clients to %d", k.name, grouped(t.manyClients), clients), goal, few, everyone(base, k, t.manyClients)); err != nil {
				return nil, err
			}
		}
		for _, i := range t.runs[1 : len(t.runs)-1] {
			wanted := goal
			if i.count < 1_000_000 {
				wanted = 0
			}
			if err := add(fmt.Sprintf("%s: %s users to %s", k.name, grouped(i.count), grouped(t.baseline)), wanted, everyone(base, k, clients), everyone(i, k, clients)); err != nil {
				return nil, err
			}
		}
		if err := add(fmt.Sprintf("%s: one user with %s tasks to one with %d", k.name, grouped(t.manyTasks), tasksPerUser), 0, oneOfFew(big, k), oneOfMany(big, k, t.manyTasks)); err != nil {
			return nil, err
		}
	}
	return compared, nil
}

// everyone sends requests by all users of an installation.
func everyone(i *installation, k kind, clients int) side {
	return side{i.server, clients, func(int) vegeta.Targeter { return i.everyone.targets(i.server.url, k) }}
}

// oneOfFew sends requests by one user with few tasks, another one in each round, for
// creating makes them more.
func oneOfFew(i *installation, k kind) side {
	return side{i.server, userClients, func(round int) vegeta.Targeter {
		return i.everyone.only(bigUser+1+round, tasksPerUser).targets(i.server.url, pageOf(k))
	}}
}

func oneOfMany(i *installation, k kind, manyTasks int) side {
	return side{i.server, userClients, func(int) vegeta.Targeter {
		return i.everyone.only(bigUser, manyTasks).targets(i.server.url, pageOf(k))
	}}
}

// pageOf has a list be as long as that of a user with few tasks.
func pageOf(k kind) kind {
	if k.name == list.name {
		return k.limited(tasksPerUser)
	}
	return k
}

// printComparisons has beside the throughput the CPU time a request, which tells more
// where the machine has other things to do.
func printComparisons(out io.Writer, compared []comparison) error {
	t := &table{out: out}
	t.row("throughput", "ratio", "", "goal", "", "requests a second", "CPU of the server", "of PostgreSQL")
	for _, c := range compared {
		goal, verdict := "", ""
		if c.goal > 0 {
			goal, verdict = fmt.Sprint(c.goal), "reached"
			if !c.reached() {
				verdict = "MISSED"
			}
		}
		t.row(
			"  "+c.name, fmt.Sprintf("%.2f", median(c.ratios)), fmt.Sprintf("(%.2f to %.2f)", slices.Min(c.ratios), slices.Max(c.ratios)),
			goal, verdict, fmt.Sprintf("%.0f to %.0f", median(c.rates[1]), median(c.rates[0])),
			fmt.Sprintf("%.0f to %.0f µs", median(c.serverCPU[1]), median(c.serverCPU[0])),
			fmt.Sprintf("%.0f to %.0f µs", median(c.databaseCPU[1]), median(c.databaseCPU[0])),
		)
	}
	return t.print()
}

func (c comparison) reached() bool { return median(c.ratios) >= c.goal }

// missedGoals is nil if none was and no request failed.
func missedGoals(compared []comparison) error {
	var missed []string
	failed := uint64(0)
	for _, c := range compared {
		failed += c.failed
		if !c.reached() {
			missed = append(missed, c.name)
		}
	}
	var all error
	if failed > 0 {
		all = fmt.Errorf("%d requests failed", failed)
	}
	if len(missed) > 0 {
		all = errors.Join(all, errors.New("goals that were missed: "+strings.Join(missed, ", ")))
	}
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// grouped writes a number as 1,000,000.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
