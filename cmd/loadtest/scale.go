package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/measure"
)

const (
	// tasksPerUser is how many tasks a user has.
	tasksPerUser = 5
	// bigUser has many.
	bigUser = 1
	// userClients is how many clients one user has where a user is compared with another:
	// no more than may hold a connection to the database at once.
	userClients = 4
)

// scaleTest is what `loadtest scale` runs.
type scaleTest struct {
	program     string // todo
	baseline    int    // number of users that others are compared with
	sizes       []int  // those others
	manyTasks   int    // of one user
	manyClients int    // compared with as many as clients
	turn        time.Duration
	rounds      int
	bufferRuns  int               // of which a number of buffers is the mean
	database    map[string]string // settings of PostgreSQL
	out         io.Writer

	url  string // of PostgreSQL
	all  users  // of the largest database
	runs []*installation
}

// installation is a server of its own on a database of its own.
type installation struct {
	name     string
	count    int // of users
	url      string
	server   *server
	everyone users
}

func scaleCommand() *cobra.Command {
	t := scaleTest{baseline: 10_000, manyTasks: 50_000, manyClients: 2000, bufferRuns: 300}
	var sharedBuffers string
	c := &cobra.Command{
		Use:   "scale",
		Short: "Compare databases of different sizes, one user who has many tasks with one who has few, and many clients with few",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			t.out = cmd.OutOrStdout()
			t.database = map[string]string{
				"shared_buffers":  sharedBuffers,
				"max_connections": "300", // all servers' together
				// What runs by the clock would fall into the turn of one database or another.
				"autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "32GB",
			}
			var stop func() error
			if t.url, stop, err = startDatabase(cmd.Context(), t.database, t.out); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			return t.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&t.program, "todo", "bin/todo", "the program to measure")
	c.Flags().IntSliceVar(&t.sizes, "users", []int{1000, 100_000, 1_000_000}, "numbers of users to compare with 10,000")
	c.Flags().DurationVar(&t.turn, "turn", 2*time.Second, "how long a server is measured before it is another's turn")
	c.Flags().IntVar(&t.rounds, "rounds", 7, "how many turns each has")
	c.Flags().StringVar(&sharedBuffers, "shared-buffers", "128MB", "PostgreSQL's own cache, of all databases together; 128MB is its default")
	return c
}

func (t *scaleTest) run(ctx context.Context) (err error) {
	start := time.Now()
	defer func() {
		for _, i := range t.runs {
			err = errors.Join(err, i.server.stop())
		}
	}()
	if err := t.install(ctx); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nPostgreSQL with %s, all else by default\n\n", describe(t.database))
	if err := t.printCosts(ctx); err != nil {
		return err
	}
	compared, err := t.compareAll(ctx)
	if err != nil {
		return err
	}
	if err := printComparisons(t.out, compared); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "medians of %d rounds of %s each, least and most in brackets; it took %s\n", t.rounds, t.turn, time.Since(start).Round(time.Second))
	return missedGoals(compared)
}

// install makes all databases, the baseline first and at last one whose first user has
// many tasks, and starts a server on each.
func (t *scaleTest) install(ctx context.Context) (err error) {
	counts := append([]int{t.baseline}, t.sizes...)
	if t.all, err = newUsers(slices.Max(counts), tasksPerUser); err != nil {
		return err
	}
	for _, count := range counts {
		if err := t.add(ctx, "users_"+strconv.Itoa(count), count, 0); err != nil {
			return err
		}
	}
	if err := t.add(ctx, "big_user", t.baseline, t.manyTasks); err != nil {
		return err
	}
	return measure.Checkpoint(ctx, t.url)
}

func (t *scaleTest) add(ctx context.Context, name string, count, bigUserTasks int) (err error) {
	start := time.Now()
	i := &installation{name: name, count: count, everyone: users{first: 1, tokens: t.all.tokens[:count], tasks: tasksPerUser}}
	if i.url, err = measure.NewDatabase(ctx, t.url, name); err != nil {
		return err
	}
	if err := migrate(t.program, i.url); err != nil {
		return err
	}
	if err := measure.Fill(ctx, i.url, count, tasksPerUser); err != nil {
		return err
	}
	if bigUserTasks > 0 {
		if err := measure.AddTasks(ctx, i.url, bigUser, tasksPerUser+1, bigUserTasks); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.out, "%s: %d users with %d tasks each in %.1f s\n", name, count, tasksPerUser, time.Since(start).Seconds())
	if i.server, err = startServer(ctx, t.program, i.url); err != nil {
		return err
	}
	t.runs = append(t.runs, i)
	return nil
}

// printCosts prints what does not depend on how fast or busy the machine is.
func (t *scaleTest) printCosts(ctx context.Context) error {
	buffers, bytes := &table{out: t.out}, &table{out: t.out}
	buffers.row("buffers a query (of which not in PostgreSQL's cache)", "ListTasks", "GetTask", "AddTask")
	bytes.row("bytes a task", "heap", "indexes")
	add := func(name, url string, count int) error {
		counted, err := measure.CountBuffers(ctx, url, count, t.bufferRuns)
		if err != nil {
			return err
		}
		row := []any{name}
		for _, b := range counted {
			row = append(row, fmt.Sprintf("%.1f (%.1f)", b.All, b.Read))
		}
		buffers.row(row...)
		return nil
	}
	for _, i := range t.runs {
		name, count := "  "+grouped(i.count)+" users", i.count
		if i.name == "big_user" {
			name, count = fmt.Sprintf("  one user with %s tasks", grouped(t.manyTasks)), bigUser
		}
		if err := add(name, i.url, count); err != nil {
			return err
		}
		size, err := measure.BytesPerTask(ctx, i.url)
		if err != nil {
			return err
		}
		bytes.row(name, fmt.Sprintf("%.0f", size.Heap), fmt.Sprintf("%.0f", size.Index))
	}
	return errors.Join(buffers.print(), bytes.print())
}
