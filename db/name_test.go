package db_test

import (
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestConnectionsSayWhoseTheyAre asks PostgreSQL, which is who must know: a pooler passes
// on what its client says.
func TestConnectionsSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	for way, route := range dbtest.Routes {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				parameter        string
				options          []db.Option
				requests, probes string
			}{
				{"", nil, "todo", "todo probe"},
				{"", []db.Option{db.WithName("todo seed")}, "todo seed", "todo seed probe"},
				{"&application_name=blue", []db.Option{db.WithName("todo seed")}, "blue", "blue"},
			} {
				url := dbtest.New(t, dbtest.NeonOwner)
				pool := dbtest.Pool(t, route(t, url, 4)+c.parameter, c.options...)
				// Each answer comes before the other query is asked, so they share no connection.
				if _, err := pool.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				const last = `
					SELECT application_name FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> ''
					ORDER BY query_start DESC LIMIT 1`
				if got := dbtest.Value[string](t, dbtest.SuperuserURL(t, url), last); got != c.probes {
					t.Errorf("a probe%s is %q", c.parameter, got)
				}
				if _, err := pool.As(alice).ListTasks(t.Context(), db.ListTasksParams{UserID: alice, PageSize: 1}); err != nil {
					t.Fatal(err)
				}
				if got := dbtest.Value[string](t, dbtest.SuperuserURL(t, url), last); got != c.requests {
					t.Errorf("a request%s is %q", c.parameter, got)
				}
			}
		})
	}
}
