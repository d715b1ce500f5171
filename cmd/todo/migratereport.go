package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/migration"
)

// moveReport is what up, down, goto and force did.
type moveReport struct {
	Version uint             `json:"version"`
	Dirty   bool             `json:"dirty"`
	Steps   []migration.Step `json:"steps"`
	// Error is why there are no more steps.
	Error *failure `json:"error,omitempty"`

	forced bool
}

// failure is an error for a program.
type failure struct {
	Kind     migration.Kind `json:"kind"`
	Message  string         `json:"message"`
	ExitCode int            `json:"exit_code"`
}

func failureOf(err error) *failure {
	kind := kindOf(err)
	return &failure{Kind: kind, Message: strings.Join(strings.Fields(err.Error()), " "), ExitCode: exitCodes[kind]}
}

func (r *moveReport) text(out io.Writer) {
	for _, step := range r.Steps {
		fmt.Fprintf(out, "%s %d\n", step.Direction, step.Version)
	}
	if r.Error != nil {
		return
	}
	if len(r.Steps) == 0 && !r.forced {
		fmt.Fprintln(out, "nothing to do")
	}
	fmt.Fprintln(out, versionLine(r.Version, r.Dirty))
}

type versionOf struct {
	Version uint `json:"version"`
	Dirty   bool `json:"dirty"`
}

func versionReport(ctx context.Context, m *migration.Runner) (report, error) {
	version, dirty, err := m.Version(ctx)
	if err != nil {
		return nil, err
	}
	return versionOf{version, dirty}, nil
}

func (r versionOf) text(out io.Writer) { fmt.Fprintln(out, versionLine(r.Version, r.Dirty)) }

func versionLine(version uint, dirty bool) string {
	if dirty {
		return fmt.Sprintf("version %d (dirty)", version)
	}
	return fmt.Sprintf("version %d", version)
}

type statusReport struct {
	*migration.Status
	Error *failure `json:"error,omitempty"`
}

// status is the subcommand that says where the schema stands.
func (f *migrateFlags) status() *cobra.Command {
	var check bool
	c := f.reading("status", "List the migrations, when each was applied, and what is wrong (exit codes 3, 4, 6 and 9)", func(ctx context.Context, m *migration.Runner) (report, error) {
		return statusOf(ctx, m, check)
	})
	c.Flags().BoolVar(&check, "check", false, "exit with 8 where migrations wait to be applied")
	return c
}

// statusOf takes what waits for an error, if it is to check.
func statusOf(ctx context.Context, m *migration.Runner, check bool) (report, error) {
	status, err := m.Status(ctx)
	if status == nil {
		return nil, err
	}
	if waiting := status.Pending(); check && err == nil && waiting > 0 {
		err = &pendingError{waiting, status.Version, status.Latest}
	}
	r := statusReport{Status: status}
	if err != nil {
		r.Error = failureOf(err)
	}
	return r, err
}

// pendingError is a schema that is older than the program.
type pendingError struct {
	waiting         int
	version, latest uint
}

func (e *pendingError) Error() string {
	return fmt.Sprintf("the schema is at version %d, and this program's is %d (migrations that wait: %d): run `todo migrate up`", e.version, e.latest, e.waiting)
}

func (r statusReport) text(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range r.Migrations {
		applied := "pending"
		switch {
		case row.AppliedAt != nil:
			applied = "applied " + row.AppliedAt.Format(time.RFC3339)
		case row.Applied:
			applied = "applied, time unknown"
		}
		if r.Dirty && row.Version == r.Version {
			applied = "DIRTY"
		}
		fmt.Fprintf(table, "%06d\t%s\t%s\n", row.Version, row.Name, applied)
	}
	_ = table.Flush()
	for _, index := range r.InvalidIndexes {
		fmt.Fprintf(out, "INVALID index %s: %s\n", index.Index, index.Drop)
	}
	if r.Running != nil {
		fmt.Fprintln(out, r.Running)
	}
	fmt.Fprintln(out, versionLine(r.Version, r.Dirty))
}
