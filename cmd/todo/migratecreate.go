package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/golang-migrate/migrate/v4/source"
	"github.com/spf13/cobra"
)

// skeleton has the lines that the rules of sql/README.md ask for; the tests say where
// they are not true of the file.
const skeleton = `-- Why: %s
%s-- Locks: table (LOCK LEVEL; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

`

var migrationName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

// createReport names the two files that create wrote.
type createReport struct {
	Files []string `json:"files"`
}

func (r createReport) text(out io.Writer) {
	for _, file := range r.Files {
		fmt.Fprintln(out, file)
	}
}

func (f *migrateFlags) create() *cobra.Command {
	var dir string
	c := f.command("create NAME", "Write the next pair of files, named like add_task_color, with a skeleton", 1, func(_ *cobra.Command, args []string) (report, error) {
		return createMigration(dir, args[0])
	})
	c.Flags().StringVar(&dir, "dir", "sql/migrations", "the folder of the migrations")
	return c
}

func createMigration(dir, name string) (report, error) {
	if !migrationName.MatchString(name) {
		return nil, &usageError{fmt.Errorf("create NAME: %q is not like add_task_color: a verb and its object, lowercase", name)}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &usageError{fmt.Errorf("create NAME: %w: run it where sql/migrations is, or set --dir", err)}
	}
	var latest uint
	for _, entry := range entries {
		if file, err := source.DefaultParse(entry.Name()); err == nil {
			latest = max(latest, file.Version)
		}
	}
	var r createReport
	for _, direction := range []struct{ ending, why, loses string }{
		{"up", "what is it for, and why is it safe while the previous release is running?", ""},
		{"down", "what does it take back, and what does somebody lose by it?", "-- Loses: nothing.\n"},
	} {
		path := filepath.Join(dir, fmt.Sprintf("%06d_%s.%s.sql", latest+1, name, direction.ending))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(file, skeleton, direction.why, direction.loses); err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		r.Files = append(r.Files, path)
	}
	return r, nil
}
