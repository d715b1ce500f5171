// Command todo serves the REST API. It also runs migrations and a development
// server, and makes tokens and test data.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run())
}

// run returns the exit code. The first SIGINT, SIGTERM or SIGHUP ends the context, the
// second one the process.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	context.AfterFunc(ctx, stop)
	log := newLogQueue(os.Stderr)
	defer log.close()
	root := rootCommand()
	root.SetErr(log)
	if command, err := root.ExecuteContextC(ctx); err != nil {
		for _, line := range linesOf(err) {
			if command.Name() == "serve" && !command.Flags().Changed("check") {
				// What reads its log reads JSON.
				slog.New(slog.NewJSONHandler(log, nil)).Error("the server cannot go on", "error", line)
			} else {
				fmt.Fprintln(log, "todo:", line)
			}
		}
		return exitCodes[kindOf(err)]
	}
	return 0
}

// stopSignals leaves out SIGHUP where nohup has it ignored.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "todo",
		Short:         "A secure multi-user todo backend on PostgreSQL",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       build().Version,
	}
	root.AddCommand(serveCommand(), devCommand(), migrateCommand(), tokenCommand(), seedCommand(), healthCommand(), versionCommand())
	return root
}
