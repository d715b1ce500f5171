// Command loadtest measures how fast the API answers, how that changes with the number of
// users and tasks, what it does under more load than it can take, and whether it stays as
// it is: `make bench`, `make bench-scale`, `make bench-overload` and `make soak`. It builds nothing of the
// product into itself: it starts a given todo as a program of its own, on a private
// PostgreSQL, and asks over HTTP.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := &cobra.Command{
		Use:           "loadtest",
		Short:         "Measure how fast the API answers",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(mixCommand(), scaleCommand(), overloadCommand(), soakCommand())
	err := root.ExecuteContext(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		return 1
	}
	return 0
}
