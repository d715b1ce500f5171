package db_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// sessionSettings are what a database or a login may give its sessions, and the one for
// which the program refuses to start. What it does not refuse must change nothing.
var sessionSettings = []struct {
	settings []string
	refused  string
}{
	{[]string{"client_encoding = 'LATIN1'", "datestyle = 'German, DMY'", "standard_conforming_strings = off"}, ""},
	{[]string{"client_encoding = 'SQL_ASCII'", "datestyle = 'SQL, MDY'", "timezone = 'Australia/Lord_Howe'"}, ""},
	{[]string{
		"intervalstyle = 'sql_standard'", "bytea_output = 'escape'", "extra_float_digits = -15", "xmlbinary = 'hex'", "array_nulls = off",
		"transform_null_equals = on", "quote_all_identifiers = on", "lc_messages = 'C'", "default_transaction_isolation = 'serializable'",
		"default_transaction_deferrable = on", "statement_timeout = '1min'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '1min'",
		"plan_cache_mode = 'force_generic_plan'", "app.user_id = 'bob'",
	}, ""},
	{[]string{"row_security = off"}, "row_security"},
	{[]string{"session_replication_role = 'replica'"}, "session_replication_role"},
}

func TestSessionSettingsChangeNothingOrAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range sessionSettings {
		t.Run(c.settings[0], func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			name := dbtest.Value[string](t, url, "SELECT current_database()")
			for _, setting := range c.settings {
				dbtest.Exec(t, dbtest.SuperuserURL(t, url), "ALTER DATABASE "+name+" SET "+setting)
			}
			for way, url := range map[string]string{
				"directly":                    url + "&pool_max_conns=2",
				"directly, preparing nothing": url + "&pool_max_conns=2&default_query_exec_mode=exec",
				"through a pooler with prepared statements": dbtest.NewPgBouncer(t, url, 2, true).URL,
				"through a pooler without":                  dbtest.NewPgBouncer(t, url, 2, false).URL,
			} {
				for mode, options := range modes {
					t.Run(way+" "+mode, func(t *testing.T) {
						pool := dbtest.Pool(t, url, options...)
						defer pool.Close()
						_, err := pool.Check(t.Context())
						switch {
						case c.refused == "" && err != nil:
							t.Fatal(err)
						case c.refused == "":
							if err := useEveryType(t.Context(), pool); err != nil {
								t.Error(err)
							}
						case !errors.Is(err, db.ErrSettings) || errors.Is(err, db.ErrUnavailable) || !strings.HasSuffix(err.Error(), "run ALTER DATABASE "+name+" RESET "+c.refused):
							t.Errorf("%v", err)
						}
					})
				}
			}
		})
	}
}

// useEveryType has values of all types come back as they were given, but for their
// precision.
func useEveryType(ctx context.Context, pool *db.Pool) error {
	user := `voilà \' "Käse"`
	due := time.Date(1, 2, 3, 4, 5, 6, 0, time.UTC)
	given := db.CreateTaskParams{
		UserID: user, ID: uuid.New(), Email: new("käse@example.test"), Title: `Käse \n ß 'x' 日本`, Description: new(`C:\new\E'\x41'`),
		Priority: "high", DueDate: &due, Tags: []string{"NULL", "null", `a"b`, `c\d`, "{e,f}", "ü"},
	}
	row, err := pool.CreateTask(ctx, given)
	if err != nil {
		return err
	}
	defer pool.EraseAccount(ctx, user)
	same := func(how string, task db.Task) error {
		if task.UserID != user || task.ID != given.ID || task.Title != given.Title || *task.Description != *given.Description || task.Priority != given.Priority ||
			!task.DueDate.Equal(due) || fmt.Sprint(task.Tags) != fmt.Sprint(given.Tags) || time.Since(task.CreatedAt).Abs() > time.Hour || !task.CreatedAt.Equal(row.Task.CreatedAt) || task.Version != row.Task.Version {
			return fmt.Errorf("%s is %+v, of %+v", how, task, given)
		}
		return nil
	}
	for how, search := range map[string]string{"searched": "käse \\N SS", "searched in the description": `c:\NEW\e`} {
		tasks, _, err := pool.List(ctx, user, func(ctx context.Context, q *db.Queries) ([]db.Task, error) {
			return q.ListTasksByCreatedAtDesc(ctx, db.ListTasksByCreatedAtDescParams{UserID: user, Search: &search, Tags: []string{"NULL"}, DueAfter: &due, PageSize: 10})
		})
		if err != nil || len(tasks) != 1 {
			return fmt.Errorf("%s: %d tasks, %v", how, len(tasks), err)
		}
		if err := same(how, tasks[0]); err != nil {
			return err
		}
	}
	updated, err := pool.UpdateTask(ctx, db.UpdateTaskParams{UserID: user, ID: given.ID, Title: &given.Title})
	if err != nil || !updated.Matched {
		return fmt.Errorf("updated: %+v, %v", updated, err)
	}
	if err := same("updated", updated.Task); err != nil {
		return err
	}
	changes, err := pool.Changes(ctx, user, db.Place{}, db.Place{}, 10)
	if err != nil || len(changes.Tasks) != 1 {
		return fmt.Errorf("changes: %+v, %v", changes, err)
	}
	if err := same("changed", changes.Tasks[0]); err != nil {
		return err
	}
	account, err := pool.As(user).GetAccount(ctx, db.GetAccountParams{UserID: user, Today: time.Now()})
	if err != nil || account.Total != 1 || account.Overdue != 1 || *account.Email != *given.Email {
		return fmt.Errorf("account: %+v, %v", account, err)
	}
	var wrong error
	err = pool.Export(ctx, user, &exporter{add: func(task db.Task) bool { wrong = same("exported", task); return true }})
	return cmp.Or(err, wrong)
}
