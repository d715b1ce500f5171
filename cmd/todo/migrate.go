package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

// migrationFiles are what migrate runs; a test may have others.
var migrationFiles fs.FS = todosql.Migrations

// failed is any other failure.
const failed migration.Kind = "failed"

// pending is what status --check says of a schema that migrations wait for.
const pending migration.Kind = "pending"

// exitCodes are the exit codes of migrate, for a pipeline to tell apart.
var exitCodes = map[migration.Kind]int{
	failed: 1, migration.Refused: 2, migration.Dirty: 3, migration.Locked: 4, migration.Unreachable: 5, migration.Newer: 6,
	migration.Blocked: 7, pending: 8, migration.Damaged: 9,
}

const migrateHelp = `Change the schema of the database that DATABASE_URL_UNPOOLED names, else DATABASE_URL.

Runs exclude each other, and the stock migrate command: of many at once one works
and the others find nothing to do. After a run that was killed, the next one says
what state it left and which command recovers it. SIGTERM stops after the file
that is being run.

A file gives up after its lock_timeout where a report or a backup has its tables
locked. It is rolled back then, and tried again after a pause, within --lock-wait.

Exit codes:
  0  done, or nothing to do
  1  another failure, such as an interrupt
  2  refused: a wrong argument, variable, password or pooler; nothing was changed
  3  dirty: a migration failed or was killed; the message says what to run
  4  locked by another run for longer than --lock-wait
  5  the database could not be reached within --wait, or the connection was lost
  6  the schema is newer than this program
  7  blocked: for longer than --lock-wait other sessions' locks kept a file from
     being run, or somebody canceled it; nothing of it was committed, so running
     the command again is all there is to do
  8  status --check: migrations wait to be applied
  9  damaged: the version is right, but privileges, policies or the role todo_app
     are lost, as in a restore without them; todo migrate repair brings them back`

// migrateFlags hold for each subcommand.
type migrateFlags struct {
	wait, lockWait time.Duration
	json           bool
}

// report is what a subcommand prints: as JSON, or as text.
type report interface{ text(io.Writer) }

func migrateCommand() *cobra.Command {
	f := &migrateFlags{}
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Change the schema of the database (DATABASE_URL_UNPOOLED, else DATABASE_URL)",
		Long:  migrateHelp,
		// Cobra would print its help and succeed, and a pipeline with a typo would
		// go on.
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.fail(cmd, &usageError{fmt.Errorf("migrate: no command %q: see todo migrate --help", strings.Join(args, " "))})
		},
	}
	c.PersistentFlags().DurationVar(&f.wait, "wait", 0, "how long to try to reach a database that may be waking up, such as 60s")
	c.PersistentFlags().DurationVar(&f.lockWait, "lock-wait", time.Minute, "how long to wait for another run, and to go on trying to run a file whose tables others have locked")
	c.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON, an error too: {\"error\": {\"kind\", \"message\", \"exit_code\"}}")
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		f.json = f.json || slices.Contains(os.Args, "--json") // parsing stopped at the wrong flag, perhaps before it
		return f.fail(cmd, &usageError{err})
	})
	c.AddCommand(
		f.moving("up", "Apply every migration that is not applied yet", 0, func(r *migration.Runner, ctx context.Context, _ uint) error { return r.Up(ctx) }),
		f.moving("down N", "Take the newest N migrations back, with the data they hold", 1, (*migration.Runner).Down),
		f.moving("goto V", "Go up or down to version V; 0 takes every migration back", 1, (*migration.Runner).Goto),
		f.moving("force V", "Record version V as clean without running anything; 0 for none applied", 1, (*migration.Runner).Force),
		f.reading("version", "Print the version of the schema", versionReport),
		f.status(),
		f.reading("plan", "Print the SQL that up would run, with what each file locks, for reading or for psql", planOf),
		f.repair(),
		f.create(),
	)
	return c
}

// moving is a subcommand with no argument or one number. It ends by printing the
// version that the schema is at.
func (f *migrateFlags) moving(use, short string, args int, run func(*migration.Runner, context.Context, uint) error) *cobra.Command {
	return f.command(use, short, args, func(cmd *cobra.Command, args []string) (report, error) {
		var n uint64
		for _, arg := range args {
			var err error
			if n, err = strconv.ParseUint(arg, 10, 31); err != nil {
				return nil, &usageError{fmt.Errorf("%s: %q is not a whole number", cmd.Use, arg)}
			}
		}
		return f.connected(cmd, func(ctx context.Context, m *migration.Runner) (report, error) {
			defer context.AfterFunc(ctx, func() {
				fmt.Fprintln(cmd.ErrOrStderr(), "todo: stopping after the file that is being run; another signal kills at once")
			})()
			moved := run(m, ctx, uint(n))
			r := &moveReport{Steps: append([]migration.Step{}, m.Steps()...), forced: cmd.Name() == "force"}
			if moved != nil && len(r.Steps) == 0 {
				return nil, moved
			}
			if moved != nil {
				r.Error = failureOf(moved)
			}
			version, dirty, err := m.Version(context.WithoutCancel(ctx)) // an interrupted run ends at one too
			if err != nil && moved == nil {
				return nil, err
			}
			r.Version, r.Dirty = version, dirty
			return r, moved
		})
	})
}

func (f *migrateFlags) reading(use, short string, read func(context.Context, *migration.Runner) (report, error)) *cobra.Command {
	return f.command(use, short, 0, func(cmd *cobra.Command, _ []string) (report, error) {
		return f.connected(cmd, read)
	})
}

// fail prints the error as JSON, if that is asked for.
func (f *migrateFlags) fail(cmd *cobra.Command, err error) error {
	if !f.json {
		return err
	}
	return errors.Join(err, writeJSON(cmd.OutOrStdout(), map[string]*failure{"error": failureOf(err)}))
}

// command prints the report, and where there is none the error.
func (f *migrateFlags) command(use, short string, args int, run func(*cobra.Command, []string) (report, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(cmd *cobra.Command, given []string) error {
			if err := cobra.ExactArgs(args)(cmd, given); err != nil {
				return f.fail(cmd, &usageError{fmt.Errorf("%s: %w", cmd.Use, err)})
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := run(cmd, args)
			switch {
			case r == nil && err != nil:
				return f.fail(cmd, err)
			case f.json:
				return errors.Join(err, writeJSON(cmd.OutOrStdout(), r))
			}
			r.text(cmd.OutOrStdout())
			return err
		},
	}
}

func (f *migrateFlags) connected(cmd *cobra.Command, run func(context.Context, *migration.Runner) (report, error)) (r report, err error) {
	c, err := readConfig()
	if err != nil {
		return nil, &usageError{err}
	}
	c.warn(cmd.ErrOrStderr())
	url, err := c.directURL()
	if err != nil {
		return nil, &usageError{err}
	}
	m, err := migration.Open(cmd.Context(), url, migration.Config{Wait: f.wait, LockWait: f.lockWait, Progress: cmd.ErrOrStderr(), Files: migrationFiles})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.directVariable(), err)
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return run(cmd.Context(), m)
}

// usageError is a command that cannot be understood.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func kindOf(err error) migration.Kind {
	if failure, ok := errors.AsType[*migration.Error](err); ok {
		return failure.Kind
	}
	if _, ok := errors.AsType[*pendingError](err); ok {
		return pending
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return migration.Refused
	}
	return failed
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
