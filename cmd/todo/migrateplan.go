package main

import (
	"context"
	"fmt"
	"io"

	"github.com/securetodo/securetodo/db/migration"
)

type planReport struct {
	// Setup makes the tables of the runs themselves, "" where they are.
	Setup      string           `json:"setup"`
	Migrations []migration.File `json:"migrations"`
}

func planOf(ctx context.Context, m *migration.Runner) (report, error) {
	files, err := m.Plan(ctx)
	if err != nil {
		return nil, err
	}
	setup, err := m.Setup(ctx)
	if err != nil {
		return nil, err
	}
	return planReport{setup, append([]migration.File{}, files...)}, nil
}

// text is SQL for psql, which leaves what up does, but the times in the log. A file without
// a Locks line shows.
func (r planReport) text(out io.Writer) {
	if r.Setup == "" && len(r.Migrations) == 0 {
		fmt.Fprintln(out, "-- nothing to do")
	}
	if r.Setup != "" {
		fmt.Fprintf(out, "-- The first run makes these tables: the version, and when each file was run.\nBEGIN;\n%sCOMMIT;\n", r.Setup)
	}
	for i, file := range r.Migrations {
		if i > 0 || r.Setup != "" {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "-- %s.up.sql\n", file)
		if file.Locks == "" {
			fmt.Fprintln(out, "-- Locks: not stated")
		}
		record := fmt.Sprintf("DELETE FROM public.schema_migrations;\nINSERT INTO public.schema_migrations (version, dirty) VALUES (%d, false);\nCOMMIT;\n", file.Version)
		if file.Concurrent() {
			fmt.Fprint(out, file.SQL, "BEGIN;\n", record)
		} else {
			fmt.Fprint(out, "BEGIN;\n", file.SQL, record)
		}
	}
}
