package http_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestListTasksSortsNumbersInTitlesAsNumbers(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"C", "C.UTF-8"} {
		t.Run(locale, func(t *testing.T) {
			a := serveDatabase(t, dbtest.NewInLocale(t, locale))
			sorted := []string{
				"1 a", "2 a", "٣ b", "10 a", "12 b", // Arabic digits are digits, too
				"a", "Task", "task 1", "Task 1", "Task 02", "Task 2", "Täsk 2", "task 9b", "Task 10", "Task 10.9", "Task 10.10", "Task 100000000000000000000", "Taskbar",
			}
			for i := range sorted {
				a.post(`{"title":` + escaped(t, sorted[i*7%len(sorted)]) + `}`) // 7 and 18 share no factor
			}
			for order, want := range map[string][]string{"asc": sorted, "desc": reversed(sorted)} {
				var got []string
				for path := tasksOf(alice) + "?limit=4&sort=title&order=" + order; path != ""; {
					var tasks []task
					tasks, path = a.page(path)
					for _, task := range tasks {
						got = append(got, task.Title)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", order, got, want)
				}
			}
		})
	}
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

// TestListTasksBreaksTiesByCreation has ids at random, as clients choose them, and six
// tasks with the same of everything that can be sorted by.
func TestListTasksBreaksTiesByCreation(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	var made []string
	for n := range 6 {
		made = append(made, a.post(fmt.Sprintf(`{"id":"%s","title":"same","priority":"low","due_date":"2026-12-01","description":"%d"}`, uuid.New(), n)).ID)
	}
	dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), "UPDATE tasks SET updated_at = now()")
	for _, due := range []string{"2026-12-01", "none"} {
		if due == "none" {
			dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), "UPDATE tasks SET due_date = NULL")
		}
		for _, sort := range todohttp.SortNames() {
			for order, want := range map[string][]string{"asc": made, "desc": reversed(made)} {
				var got []string
				for path := tasksOf(alice) + "?limit=2&sort=" + sort + "&order=" + order; path != ""; {
					var tasks []task
					tasks, path = a.page(path)
					for _, task := range tasks {
						got = append(got, task.ID)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s %s, due %s: %q, want %q", sort, order, due, got, want)
				}
			}
		}
	}
	// Created at once, by id.
	dbtest.Exec(t, dbtest.SuperuserURL(t, a.database), "UPDATE tasks SET created_at = now()")
	slices.Sort(made)
	for _, sort := range todohttp.SortNames() {
		var got []string
		for _, task := range a.list("?order=asc&sort=" + sort) {
			got = append(got, task.ID)
		}
		if !slices.Equal(got, made) {
			t.Errorf("%s: %q, want %q", sort, got, made)
		}
	}
}

// TestListTasksCursorOfTheReleaseBefore has cursors of the release that broke ties by id
// alone: sorts whose order is another now refuse them and say what to do, the others
// go on, and so do cursors of this release there.
func TestListTasksCursorOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for range 3 {
		a.post(`{"title":"same"}`)
	}
	for _, sort := range todohttp.SortNames() {
		_, following := a.page(tasksOf(alice) + "?limit=1&sort=" + sort)
		u, err := url.Parse(following)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		decoded, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(decoded, &members); err != nil {
			t.Fatal(err)
		}
		before := map[string]any{"q": members["q"], "k": members["k"], "i": members["i"]}
		if sort == "created_at" && len(members) != len(before) {
			t.Errorf("the release before knows no cursor such as %s", decoded)
		}
		at := func(members map[string]any) response {
			encoded, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			query.Set("cursor", base64.RawURLEncoding.EncodeToString(encoded))
			return a.do(alice, "GET", u.Path+"?"+query.Encode(), "")
		}
		if sort == "created_at" {
			at(before).must(t, 200)
			before["c"] = "2026-12-01T09:00:00Z"
			at(before).must(t, 400).problem(t)
			continue
		}
		if got := at(before).must(t, 400).problem(t); !strings.Contains(got.Detail, "read it again from the start") {
			t.Errorf("%s: %s", sort, got.Detail)
		}
		at(members).must(t, 200)
		for _, odd := range []any{"", "yesterday", 7, "0000-01-01T00:00:00Z"} {
			members["c"] = odd
			at(members).must(t, 400).problem(t)
		}
	}
}
