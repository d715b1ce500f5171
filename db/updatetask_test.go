package db_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// updatable has at least two values of each column that UpdateTask changes, with NULL
// where the column may be that.
var updatable = map[string][]any{
	"Title":       {new("a"), new("b")},
	"Description": {(*string)(nil), new("a"), new("b")},
	"Completed":   {new(false), new(true)},
	"Priority":    {new("medium"), new("low"), new("high")},
	"DueAllDay":   {false, true},
	"DueDate":     {(*time.Time)(nil), new(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)), new(time.Date(2026, 12, 1, 9, 0, 0, 1000, time.UTC))},
	"Tags":        {[]string{}, []string{"a"}, []string{"a", "b"}, []string{"b", "a"}},
}

// midnight is when the tasks of these tests are due, so that they may be on a day.
var midnight = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// fieldsOf are the names of a struct's fields, without some.
func fieldsOf[T any](without *regexp.Regexp) (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if !without.MatchString(field.Name) {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return names
}

// updatableFields are those of the query, which must be all of a task that are not the
// server's.
func updatableFields(t *testing.T) []string {
	t.Helper()
	names := fieldsOf[db.UpdateTaskParams](regexp.MustCompile(`^(UserID|ID|Email|IfMatch|IfNoneMatch|.*Given)$`))
	if columns := fieldsOf[db.Task](regexp.MustCompile(`^(UserID|ID|Version|CreatedAt|UpdatedAt|LegacyTitle)$`)); !slices.Equal(names, columns) {
		t.Errorf("UpdateTask changes %v, and a task has %v", names, columns)
	}
	for _, name := range names {
		if len(updatable[name]) < 2 {
			t.Fatalf("%s: give this test two values of it", name)
		}
	}
	return names
}

func setting(id uuid.UUID, field string, value any) db.UpdateTaskParams {
	p := db.UpdateTaskParams{UserID: alice, ID: id}
	fields := reflect.ValueOf(&p).Elem()
	fields.FieldByName(field).Set(reflect.ValueOf(value))
	if given := fields.FieldByName(field + "Given"); given.IsValid() {
		given.SetBool(true)
	}
	if field == "DueAllDay" {
		p.DueDateGiven, p.DueDate = true, &midnight
	}
	return p
}

// shown makes a value of a parameter and of a column comparable.
func shown(value any) string {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return "NULL"
	case v.Kind() == reflect.Pointer:
		v = v.Elem()
	}
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%q", fmt.Sprint(v.Interface()))
}

// others are the columns that a change of one must not touch.
func others(task db.Task, field string) string {
	var all []string
	fields := reflect.ValueOf(task)
	for _, name := range fieldsOf[db.Task](regexp.MustCompile("^(Version|UpdatedAt|" + field + ")$")) {
		all = append(all, name+": "+shown(fields.FieldByName(name).Interface()))
	}
	return strings.Join(all, ", ")
}

// updateTask is UpdateTask until no other writer comes between.
func updateTask(t *testing.T, pool *db.Pool, p db.UpdateTaskParams) db.Task {
	t.Helper()
	row, err := pool.UpdateTask(t.Context(), p)
	if err != nil || !row.Matched {
		t.Fatalf("%+v, %v", row, err)
	}
	return row.Task
}

// rowVersions are the transactions that wrote the task and its owner.
const rowVersions = "SELECT (SELECT xmin FROM tasks WHERE id = $1) || ' ' || (SELECT xmin || ' ' || version FROM users)"

// TestUpdateTaskWritesWhatDiffersInAnyColumn takes each column from each value to each,
// the same included. The query compares twice, before and behind the lock; a column that
// one of them lacks is not changed.
func TestUpdateTaskWritesWhatDiffersInAnyColumn(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool, conn := dbtest.Pool(t, url), connect(t, url)
	for _, field := range updatableFields(t) {
		t.Run(field, func(t *testing.T) {
			id := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "made", Priority: "medium", DueDate: &midnight, Tags: []string{}}).Task.ID
			written := func() (by string) {
				if err := conn.QueryRow(t.Context(), rowVersions, id).Scan(&by); err != nil {
					t.Fatal(err)
				}
				return by
			}
			for _, from := range updatable[field] {
				for _, to := range updatable[field] {
					before := updateTask(t, pool, setting(id, field, from))
					was := written()
					row, err := pool.As(alice).UpdateTask(t.Context(), setting(id, field, to))
					if err != nil || !row.Matched || row.Overtaken {
						t.Fatalf("from %s to %s: %+v, %v", shown(from), shown(to), row, err)
					}
					differs, after := shown(from) != shown(to), row.Task
					if is := written(); (is != was) != differs || after.Version > before.Version != differs || after.UpdatedAt.After(before.UpdatedAt) != differs {
						t.Errorf("from %s to %s: %+v became %+v, rows written by %s and now by %s", shown(from), shown(to), before, after, was, is)
					}
					if got := shown(reflect.ValueOf(after).FieldByName(field).Interface()); got != shown(to) || others(after, field) != others(before, field) {
						t.Errorf("from %s to %s: %+v became %+v", shown(from), shown(to), before, after)
					}
				}
			}
		})
	}
}

// TestUpdateTaskComparesWithWhatAnotherWriterLeft has another writer hold the lock, who
// sets the same column to each value that there is.
func TestUpdateTaskComparesWithWhatAnotherWriterLeft(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool, conn := dbtest.Pool(t, url), connect(t, url)
	for _, field := range updatableFields(t) {
		t.Run(field, func(t *testing.T) {
			id := create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "made", Priority: "medium", DueDate: &midnight, Tags: []string{}}).Task.ID
			column := strings.ToLower(regexp.MustCompile(`(.)([A-Z])`).ReplaceAllString(field, "${1}_$2"))
			from, to := updatable[field][0], updatable[field][1]
			for _, theirs := range updatable[field] {
				updateTask(t, pool, setting(id, field, from))
				ctx := t.Context()
				tx, err := conn.Begin(ctx)
				if err != nil {
					t.Fatal(err)
				}
				var number int64
				if err := tx.QueryRow(ctx, "UPDATE users SET version = version + 1 RETURNING version").Scan(&number); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec(ctx, "UPDATE tasks SET "+pgx.Identifier{column}.Sanitize()+" = $1, version = $2 WHERE id = $3", theirs, number, id); err != nil {
					t.Fatal(err)
				}
				ours := make(chan db.UpdateTaskRow, 1)
				go func() {
					defer close(ours)
					row, err := pool.UpdateTask(context.WithoutCancel(ctx), setting(id, field, to))
					if err != nil {
						t.Error(err)
					}
					ours <- row
				}()
				dbtest.WaitForLock(t, url)
				if err := tx.Commit(ctx); err != nil {
					t.Fatal(err)
				}
				task := (<-ours).Task
				if got := shown(reflect.ValueOf(task).FieldByName(field).Interface()); got != shown(to) || (task.Version > number) != (shown(theirs) != shown(to)) {
					t.Errorf("from %s, they to %s as %d, we to %s: %+v", shown(from), shown(theirs), number, shown(to), task)
				}
			}
		})
	}
}
