package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/migration"
)

// repair is the subcommand that brings back what the schema has lost.
func (f *migrateFlags) repair() *cobra.Command {
	var apply bool
	c := f.reading("repair", "Print the SQL that brings back lost privileges, policies and the role todo_app, for psql; --apply runs it", func(ctx context.Context, m *migration.Runner) (report, error) {
		find := m.Repair
		if apply {
			find = m.ApplyRepair
		}
		statements, err := find(ctx)
		if err != nil {
			return nil, err
		}
		return repairReport{append([]string{}, statements...), apply && len(statements) > 0}, nil
	})
	c.Flags().BoolVar(&apply, "apply", false, "run it, in one transaction")
	return c
}

type repairReport struct {
	Statements []string `json:"statements"`
	Applied    bool     `json:"applied"`
}

// text is SQL for psql.
func (r repairReport) text(out io.Writer) {
	if len(r.Statements) == 0 {
		fmt.Fprintln(out, "-- nothing is lost")
		return
	}
	if r.Applied {
		fmt.Fprintln(out, "-- applied:")
	}
	fmt.Fprintln(out, "BEGIN;\nSET LOCAL lock_timeout = '2s';")
	for _, statement := range r.Statements {
		fmt.Fprintln(out, statement+";")
	}
	fmt.Fprintln(out, "COMMIT;")
}
