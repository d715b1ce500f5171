//go:build unix

// Command chaos is a checker: `make chaos`. It runs a given todo as two servers on a
// private PostgreSQL, one of them through PgBouncer, has users work on both, and breaks
// what can be broken meanwhile. In the end it compares what clients were told, and what
// the table has, with all that can be true (package history), and fails if anything is
// lost, done twice, or another user's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/cmd/chaos/workload"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// options are those of a run.
type options struct {
	program  string
	duration time.Duration
	within   time.Duration
	faults   []string
	keep     bool
	load     workload.Config
}

func command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:           "chaos",
		Short:         "Break what can be broken while users work, and check that nothing is lost",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.load.Seed == 0 {
				o.load.Seed = rand.Uint64N(1_000_000)
			}
			return o.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	c.Flags().StringVar(&o.program, "todo", "bin/todo", "the program to check")
	c.Flags().DurationVar(&o.duration, "duration", 10*time.Minute, "how long to break things")
	c.Flags().DurationVar(&o.within, "within", 3*time.Second, "how long after a fault all must be normal again, each answer in a third of it")
	c.Flags().StringSliceVar(&o.faults, "faults", names, "kinds of faults, or none")
	c.Flags().BoolVar(&o.keep, "keep", false, "keep the logs also where nothing is wrong")
	c.Flags().Uint64Var(&o.load.Seed, "seed", 0, "of all that is random, to have the same faults again; one of its own by default")
	c.Flags().IntVar(&o.load.Users, "users", 50, "number of users")
	c.Flags().IntVar(&o.load.Clients, "clients", 3, "clients of each user that change tasks")
	c.Flags().IntVar(&o.load.Pages, "pages", 1, "followers of each user by JSON")
	c.Flags().IntVar(&o.load.Streams, "streams", 2, "followers of each user by a stream")
	c.Flags().DurationVar(&o.load.Pause, "pause", 250*time.Millisecond, "between two requests of a client, on average")
	c.Flags().Float64Var(&o.load.Leave, "leave", 0.01, "share of the changes whose client does not wait for the answer")
	return c
}

func (o options) chosen() (chosen []kind, err error) {
	for _, name := range o.faults {
		if name == "none" {
			return nil, nil
		}
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
		if at < 0 {
			return nil, fmt.Errorf("--faults: there is no kind %q", name)
		}
		chosen = append(chosen, kinds[at])
	}
	return chosen, nil
}

// catchUp is how long followers may take in the end.
const catchUp = 30 * time.Second

// run prints what it does, and in the end a table. It returns an error if anything is
// wrong.
func (o options) run(ctx context.Context, out io.Writer) (err error) {
	chosen, err := o.chosen()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "seed %d\n", o.load.Seed)
	c, err := startCluster(ctx, o.program, out)
	keep := false
	defer func() { err = errors.Join(err, c.stop(keep)) }()
	if err != nil {
		return err
	}
	o.load.Servers, o.load.Secret = c.clientsServers(), secret
	load, err := workload.New(o.load)
	if err != nil {
		return err
	}
	breaking, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	work, stopWork := context.WithCancel(context.Background())
	defer stopWork()
	follow, stopFollowing := context.WithCancel(context.Background())
	defer stopFollowing()
	worked, followed := load.Run(work, follow)
	s := &schedule{cluster: c, load: load, kinds: chosen, random: rand.New(rand.NewPCG(o.load.Seed, 0)), within: o.within, out: out, start: time.Now()}
	if err := s.run(breaking); err != nil {
		keep = true
		return fmt.Errorf("%w; logs are in %s", err, c.dir)
	}
	wait(ctx, calm)
	stopWork()
	worked()
	catching, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	if err := load.Verify(catching, c.table); err != nil {
		return err
	}
	stopFollowing()
	followed()
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	for _, server := range c.servers {
		for _, line := range server.Panics() {
			load.Violate(fmt.Errorf("panic: %s: %s", server.Name, line))
		}
	}
	if err = report(out, s, load); err != nil || o.keep {
		keep = true
		logs, _ := filepath.Glob(filepath.Join(c.dir, "*.log"))
		fmt.Fprintf(out, "logs: %s\n", strings.Join(logs, " "))
	}
	return err
}
