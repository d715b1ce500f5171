package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Change the schema of the database (DATABASE_URL_UNPOOLED, else DATABASE_URL)"}
	c.AddCommand(
		migration("up", "Apply every migration that is not applied yet", 0, func(m *db.Migrator, _ uint) error { return m.Up() }),
		migration("down N", "Take the newest N migrations back, with the data they hold", 1, (*db.Migrator).Down),
		migration("goto V", "Go up or down to version V; 0 takes every migration back", 1, (*db.Migrator).Goto),
		migration("version", "Print the version of the schema", 0, func(*db.Migrator, uint) error { return nil }),
		migration("force V", "Record version V as clean without running anything; 0 for none applied", 1, (*db.Migrator).Force),
	)
	return c
}

// migration is a subcommand with no argument or one number. It ends by printing
// the version that the schema is at.
func migration(use, short string, args int, run func(*db.Migrator, uint) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(args),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var n uint64
			for _, arg := range args {
				if n, err = strconv.ParseUint(arg, 10, 31); err != nil {
					return fmt.Errorf("%s: %q is not a whole number", cmd.Use, arg)
				}
			}
			c, err := readConfig()
			if err != nil {
				return err
			}
			url, err := c.directURL()
			if err != nil {
				return err
			}
			m, err := db.NewMigrator(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, m.Close()) }()
			if err := run(m, uint(n)); err != nil {
				return err
			}
			version, dirty, err := m.Version()
			if err != nil {
				return err
			}
			state := ""
			if dirty {
				state = " (dirty)"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "version %d%s\n", version, state)
			return nil
		},
	}
}
