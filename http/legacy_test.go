package http_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

// databaseOfBefore has tasks of the release before titles had to be visible and texts
// were normalized, and this release's schema.
func databaseOfBefore(t *testing.T, titles []string) string {
	t.Helper()
	database := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m, err := migration.Open(t.Context(), database, migration.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Goto(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, database, "INSERT INTO users (id) VALUES ('alice')")
	for _, title := range titles {
		dbtest.Value[string](t, database, `
			INSERT INTO tasks (user_id, id, title, description, tags)
			VALUES ('alice', gen_random_uuid(), $1, repeat(U&'\0958', 1000), ARRAY[repeat(U&'\0958', 50), U&'cafe\0301'])
			RETURNING title`, title)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return database
}

// TestTaskOfAnEarlierReleaseCanBeEdited: no rule that came later is in the way of a
// change to anything else, also where a client sends the whole task back.
func TestTaskOfAnEarlierReleaseCanBeEdited(t *testing.T) {
	t.Parallel()
	odd := []string{"\u200b", "\u3164", "\ufeff", "\u2800", "\u001b[31mred", "two\nlines", "Cafe\u0301", strings.Repeat("\u0958", 255)}
	a := serveDatabase(t, databaseOfBefore(t, odd))
	tasks := a.list("")
	if len(tasks) != len(odd) {
		t.Fatalf("%d tasks", len(tasks))
	}
	for _, task := range tasks {
		t.Run(fmt.Sprintf("%.12q", task.Title), func(t *testing.T) {
			etag := a.do(alice, "GET", pathOf(task), "").must(t, 200).Header.Get("ETag")
			if !slices.Contains(odd, task.Title) || task.Version != 1 {
				t.Errorf("the migration changed it: %+v", task)
			}
			done := a.do(alice, "PATCH", pathOf(task)+"/complete", "", "If-Match: "+etag).must(t, 200).task(t)
			if !done.Completed || done.Title != task.Title {
				t.Errorf("%+v", done)
			}
			due := a.do(alice, "PATCH", pathOf(task), `{"due_date":"2026-12-01T09:00:00Z","priority":"high"}`).must(t, 200).task(t)
			if due.DueDate == nil || due.Title != task.Title {
				t.Errorf("%+v", due)
			}
			for _, method := range []string{"PUT", "PATCH"} {
				due.Completed = !due.Completed
				whole, err := json.Marshal(due)
				if err != nil {
					t.Fatal(err)
				}
				back := a.do(alice, method, pathOf(task), string(whole), fmt.Sprintf(`If-Match: "%d"`, due.Version)).must(t, 200).task(t)
				if back.Completed != due.Completed || *back.Description != *task.Description || !slices.Equal(back.Tags, task.Tags) || *back.DueDate != *due.DueDate {
					t.Errorf("%s: %+v", method, back)
				}
				due.Version = back.Version
			}
			// Only what is stored may stay, and the rest of a body is held to its rules.
			title := escaped(t, task.Title)
			a.do(alice, "PUT", pathOf(task), `{"title":`+escaped(t, "\u2060")+`}`).must(t, 422).problem(t)
			if problem := a.do(alice, "PUT", pathOf(task), `{"title":`+title+`,"description":"`+strings.Repeat("\u0958", 999)+`"}`).must(t, 422).problem(t); strings.Contains(problem.Detail, "title") {
				t.Errorf("%+v", problem)
			}
			a.do(alice, "PUT", pathOf(task), `{"title":`+title+`,"completed":"yes"}`).must(t, 422).problem(t)
			a.do(alice, "PUT", pathOf(task), `{"title":`+title+`,"tags":["`+strings.Repeat("\u0958", 50)+`"]}`).must(t, 422).problem(t)
			stale := a.do(alice, "PUT", pathOf(task), `{"title":`+title+`,"tags":[]}`, "If-Match: "+etag)
			if stale.StatusCode != 412 {
				t.Errorf("with a stale tag: %d %s", stale.StatusCode, stale.body)
			}
			if task.Title != "Cafe\u0301" {
				a.do(alice, "PUT", tasksOf(alice)+"/019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20", `{"title":`+title+`}`).must(t, 422).problem(t)
				a.do(alice, "POST", tasksOf(alice), `{"title":`+title+`}`).must(t, 422).problem(t)
			}
			renamed := a.do(alice, "PATCH", pathOf(task), `{"title":"seen","tags":["cafe\u0301"]}`).must(t, 200).task(t)
			if renamed.Title != "seen" || !slices.Equal(renamed.Tags, []string{"café"}) {
				t.Errorf("%+v", renamed)
			}
		})
	}
	if got := a.do(alice, "PATCH", tasksOf(alice)+"?status=all", `{"completed":true}`); got.StatusCode != 200 && got.StatusCode != 400 {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := a.do(alice, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 200).body; got != fmt.Sprintf(`{"deleted":%d}`, len(odd)) {
		t.Errorf("%s", got)
	}
}

func TestTaskOfAnEarlierReleaseIsFound(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, databaseOfBefore(t, []string{"Cafe\u0301 \u1112\u1161\u11ab"}))
	for _, query := range []string{
		"?search=CAF%C3%89", "?search=cafe%CC%81", "?search=" + url.QueryEscape("한"), "?search=" + url.QueryEscape("\u0915\u093c"),
		"?tag=caf%C3%A9", "?tag=cafe%CC%81", "?tag=caf%C3%A9&search=caf%C3%A9&sort=title", "?tag=caf%C3%A9&sort=priority",
	} {
		if got := a.list(query); len(got) != 1 {
			t.Errorf("%s: %d tasks", query, len(got))
		}
	}
	for _, query := range []string{"?tag=cafe", "?tag=caf%C3%A9&tag=x", "?tag=CAF%C3%89"} {
		if got := a.list(query); len(got) != 0 {
			t.Errorf("%s: %d tasks", query, len(got))
		}
	}
	if got := a.do(alice, "DELETE", tasksOf(alice)+"?tag=caf%C3%A9", "").must(t, 200).body; got != `{"deleted":1}` {
		t.Error(got)
	}
}
