package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/securetodo/securetodo/db"
)

const (
	seedChunk   = 1000
	seedWorkers = 8
)

func seedCommand() *cobra.Command {
	var s seeding
	c := &cobra.Command{
		Use:   "seed",
		Short: "Fill the database with the users user1 to userN and their tasks, or with the tasks of one user",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			c.warn(cmd.ErrOrStderr())
			if c.DatabaseURL == "" {
				return errors.New("set DATABASE_URL to the database to fill")
			}
			if s.users < 1 || s.tasksPerUser < 1 {
				return errors.New("--users and --tasks-per-user must be at least 1")
			}
			if s.user != "" {
				s.users = 1
			}
			return s.run(cmd.Context(), c, cmd.ErrOrStderr())
		},
	}
	c.Flags().IntVar(&s.users, "users", 100, "number of users")
	c.Flags().IntVar(&s.tasksPerUser, "tasks-per-user", 5, "number of tasks per user")
	c.Flags().StringVar(&s.user, "user", "", "one user to make tasks for, instead of user1 to userN")
	c.MarkFlagsMutuallyExclusive("user", "users")
	c.Flags().BoolVar(&s.append, "append", false, "add to a database that has or had tasks")
	return c
}

type seeding struct {
	users, tasksPerUser int
	user                string // instead of user1 to userN, if not empty
	append              bool
}

// run inserts the tasks as the server does, in the scope of one user at a time per
// connection.
func (s seeding) run(caller context.Context, c config, progress io.Writer) error {
	pool, err := c.open(caller, db.WithName("todo seed"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Check(caller); err != nil {
		return err
	}
	if !s.append {
		empty, err := pool.NeverHadTasks(caller)
		if err != nil {
			return err
		}
		if !empty {
			return errors.New("the database has tasks, or had some: use --append to add to them")
		}
	}
	start := time.Now()
	var done atomic.Int64
	printProgress := func(end string) {
		fmt.Fprintf(progress, "\r%d of %d tasks, %.1f s%s", done.Load(), s.users*s.tasksPerUser, time.Since(start).Seconds(), end)
	}
	workers, ctx := errgroup.WithContext(caller)
	workers.SetLimit(seedWorkers)
	for n := 1; n <= s.users && ctx.Err() == nil; n++ {
		workers.Go(func() error {
			err := s.seedUser(ctx, pool, cmp.Or(s.user, fmt.Sprintf("user%d", n)))
			if written := done.Add(int64(s.tasksPerUser)); written%10_000 < int64(s.tasksPerUser) {
				printProgress("")
			}
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	if err := caller.Err(); err != nil {
		return fmt.Errorf("stopped after %d tasks: %w", done.Load(), err)
	}
	printProgress("\n")
	return nil
}

func (s seeding) seedUser(ctx context.Context, pool *db.Pool, user string) error {
	email := user + "@example.test"
	if err := pool.As(user).SeedUser(ctx, db.SeedUserParams{UserID: user, Email: &email}); err != nil {
		return fmt.Errorf("seeding %s: %w", user, err)
	}
	for left := s.tasksPerUser; left > 0; left -= seedChunk {
		n := min(left, seedChunk)
		tasks := db.SeedTasksParams{UserID: user}
		for range n {
			id, err := uuid.NewV7()
			if err != nil {
				return err
			}
			tasks.Ids = append(tasks.Ids, id)
			tasks.Titles = append(tasks.Titles, title())
			tasks.Completed = append(tasks.Completed, rand.IntN(3) == 0)
		}
		if _, err := pool.As(user).SeedTasks(ctx, tasks); err != nil {
			return fmt.Errorf("seeding %s: %w", user, err)
		}
	}
	return nil
}

var (
	verbs   = []string{"Buy", "Call", "Clean", "Cancel", "Compare", "Collect", "Book", "Fix", "Order", "Return", "Review", "Renew", "Water", "Write to"}
	objects = []string{"milk and bread", "the plumber", "the bicycle", "the newspaper", "insurance offers", "the parcel", "a table for four", "the dripping tap", "printer paper", "the library books", "the tax return", "the passport", "the plants", "grandmother"}
	details = []string{"", "", " before Friday", " this week", " after work", " with Kim", " again", " for the party"}
)

func title() string {
	pick := func(words []string) string { return words[rand.IntN(len(words))] }
	return pick(verbs) + " " + pick(objects) + pick(details)
}
