package http_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
)

// due is the due date of a task as a client reads it.
func due(t task) string {
	if t.DueDate == nil {
		return "null"
	}
	return *t.DueDate
}

func TestDueDateThatIsADayComesBackFromEveryReply(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	live := a.stream(alice, "")
	live.must()
	const day = "2026-12-01"
	key := "Idempotency-Key: " + uuid.NewString()
	made := a.do(alice, "POST", tasksOf(alice), `{"title":"a","due_date":"`+day+`"}`, key).must(t, 201).task(t)
	var exported struct{ Tasks []task }
	if err := json.Unmarshal([]byte(a.do(alice, "GET", "/api/alice/export", "").must(t, 200).body), &exported); err != nil {
		t.Fatal(err)
	}
	undone := a.create(alice, "b")
	a.do(alice, "DELETE", pathOf(undone), "").must(t, 204)
	for reply, got := range map[string]task{
		"create":    made,
		"retry":     a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, key).must(t, 200).task(t),
		"get":       a.do(alice, "GET", pathOf(made), "").must(t, 200).task(t),
		"list":      a.list("")[0],
		"sorted":    a.list("?sort=due_date")[0],
		"changes":   a.do(alice, "GET", changesOf(alice), "").must(t, 200).changes(t).Tasks[0],
		"stream":    live.must().Tasks[0],
		"export":    exported.Tasks[0],
		"unchanged": a.do(alice, "PUT", pathOf(made), `{"due_date":"`+day+`"}`).must(t, 200).task(t),
		"complete":  a.do(alice, "PATCH", pathOf(made)+"/complete", "").must(t, 200).task(t),
		"current":   *a.do(alice, "PATCH", pathOf(made), `{}`, `If-Match: "1"`).must(t, 412).problem(t).Current,
		"undo":      a.do(alice, "PUT", pathOf(undone), `{"title":"b","due_date":"`+day+`"}`, "If-None-Match: *").must(t, 201).task(t),
	} {
		if due(got) != day {
			t.Errorf("%s: due %s", reply, due(got))
		}
	}
}

// TestDueDateChangesOnlyToAnother: a day and the instant at which it begins are two.
func TestDueDateChangesOnlyToAnother(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, method := range []string{"PUT", "PATCH"} {
		last := a.create(alice, method)
		for _, step := range []struct {
			given, shown string
			changes      bool
		}{
			{`null`, "null", false},
			{`"2026-12-01"`, "2026-12-01", true},
			{`"2026-12-01"`, "2026-12-01", false},
			{``, "2026-12-01", false},
			{`"2026-12-01T00:00:00Z"`, "2026-12-01T00:00:00Z", true},
			{`"2026-12-01T01:00:00+01:00"`, "2026-12-01T00:00:00Z", false},
			{``, "2026-12-01T00:00:00Z", false},
			{`"2026-12-01"`, "2026-12-01", true},
			{`"2026-12-02"`, "2026-12-02", true},
			{`"2026-12-02T09:00:00.5Z"`, "2026-12-02T09:00:00.5Z", true},
			{`"2024-02-29"`, "2024-02-29", true},
			{`null`, "null", true},
			{`null`, "null", false},
			{`"0001-01-01"`, "0001-01-01", true},
			{`"9999-12-31"`, "9999-12-31", true},
			{`"9999-12-31T00:00:00Z"`, "9999-12-31T00:00:00Z", true},
		} {
			body := `{"due_date":` + step.given + `}`
			if step.given == "" {
				body = `{"title":"` + method + `"}`
			}
			got := a.do(alice, method, pathOf(last), body).must(t, 200).task(t)
			if due(got) != step.shown || (got.Version > last.Version) != step.changes || (got.UpdatedAt > last.UpdatedAt) != step.changes {
				t.Errorf("%s %s after %s: due %s, version %d after %d", method, body, due(last), due(got), got.Version, last.Version)
			}
			last = got
		}
	}
	for _, instant := range []string{"2026-12-01T00:00:00Z", "2026-12-01T00:00:00.000000Z", "2026-11-30T19:00:00-05:00", "2026-12-01t00:00:00z"} {
		if got := a.post(`{"title":"a","due_date":"` + instant + `"}`); due(got) != "2026-12-01T00:00:00Z" {
			t.Errorf("%s: due %s", instant, due(got))
		}
	}
}

func TestDueDateThatIsADayCountsAsItsMidnightUTC(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for title, due := range map[string]string{
		"before": "2026-11-30T23:59:59.999999Z", "day": "2026-12-01", "after": "2026-12-01T00:00:00.000001Z", "next": "2026-12-02", "first": "0001-01-01", "last": "9999-12-31",
	} {
		a.post(`{"title":"` + title + `","due_date":"` + due + `"}`)
	}
	a.post(`{"title":"never"}`)
	for query, want := range map[string]string{
		"?sort=due_date":                                            "first before day after next last never",
		"?sort=due_date&order=desc":                                 "last next after day before first never",
		"?sort=due_date&due_after=2026-12-01":                       "day after next last",
		"?sort=due_date&due_before=2026-12-01":                      "first before",
		"?sort=due_date&due_after=2026-12-01&due_before=2026-12-02": "day after",
		"?sort=due_date&due_after=2026-12-01T00:00:00Z&due_before=2026-12-01T00:00:00.000001Z":     "day",
		"?sort=due_date&due_after=2026-12-01T01:00:00%2B01:00&due_before=2026-12-02T00:00:00Z":     "day after",
		"?sort=due_date&due_before=0001-01-01":                                                     "",
		"?sort=due_date&due_after=9999-12-31":                                                      "last",
		"?sort=due_date&due_after=2026-12-01T02:00:00%2b02:00&due_before=2026-12-01T00:00:00.001Z": "day after",
	} {
		if got := titles(a.list(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for order, want := range map[string]string{"asc": "first before day after next last never", "desc": "last next after day before first never"} {
		var seen []string
		for path := tasksOf(alice) + "?sort=due_date&limit=1&order=" + order; path != ""; {
			var page []task
			page, path = a.page(path)
			seen = append(seen, titles(page))
		}
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("page by page, %s: %s", order, got)
		}
	}
}

// TestDueDateThatTheReleaseBeforeMovedIsAnInstant: it changes due_date and does not know
// of days.
func TestDueDateThatTheReleaseBeforeMovedIsAnInstant(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.post(`{"title":"a","due_date":"2020-12-01"}`)
	for _, c := range []struct{ moved, shown string }{
		{"'2020-12-01 09:00Z'", "2020-12-01T09:00:00Z"},
		{"now() - interval '1 minute'", ""},
		{"NULL", "null"},
		{"'2020-12-02Z'", "2020-12-02"},
	} {
		dbtest.Exec(t, a.database, "UPDATE tasks SET due_date = "+c.moved)
		got := a.do(alice, "GET", pathOf(made), "").must(t, 200).task(t)
		if c.shown != "" && due(got) != c.shown {
			t.Errorf("%s: due %s", c.moved, due(got))
		}
		if want := fmt.Sprintf(`"overdue":%d}`, map[bool]int{true: 0, false: 1}[c.moved == "NULL"]); !strings.Contains(a.do(alice, "GET", "/api/alice", "").must(t, 200).body, want) {
			t.Errorf("%s: not %s", c.moved, want)
		}
	}
	if got := a.do(alice, "PUT", pathOf(made), `{"due_date":"2020-12-02T09:00:00Z"}`).must(t, 200).task(t); due(got) != "2020-12-02T09:00:00Z" {
		t.Errorf("due %s", due(got))
	}
	if dbtest.Value[bool](t, a.database, "SELECT due_all_day FROM tasks") {
		t.Error("an instant is kept as a day")
	}
}

func TestListTasksSaysHowToWriteAPlus(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	detail := func(path string) string { return a.do(alice, "GET", path, "").must(t, 400).problem(t).Detail }
	for path, want := range map[string]string{
		tasksOf(alice) + "?due_after=2026-12-01T09:00:00+02:00":       "due_after: write + as %2B, since a query string has + for a space: 2026-12-01T09:00:00%2B02:00",
		tasksOf(alice) + "?due_before=2026-12-01t09:00:00.25%2002:00": "due_before: write + as %2B, since a query string has + for a space: 2026-12-01t09:00:00.25%2B02:00",
		"/api/alice?tz=Etc/GMT+5":                                     "tz: write + as %2B, since a query string has + for a space: Etc/GMT%2B5",
		// What is wrong for another reason is not blamed on a plus.
		tasksOf(alice) + "?due_after=2026-12-01+09:00:00Z":        "due_after: must be a time like 2026-12-01T09:00:00Z or a date like 2026-12-01",
		tasksOf(alice) + "?due_after=2026-12-01T09:00:00%2B+2:00": "due_after: must be a time like 2026-12-01T09:00:00Z or a date like 2026-12-01",
		tasksOf(alice) + "?due_after=tomorrow":                    "due_after: must be a time like 2026-12-01T09:00:00Z or a date like 2026-12-01",
	} {
		if got := detail(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	for _, method := range []string{"PATCH", "DELETE"} {
		got := a.do(alice, method, tasksOf(alice)+"?due_after=2026-12-01T09:00:00+02:00", `{"completed":true}`).must(t, 400).problem(t).Detail
		if !strings.HasPrefix(got, "due_after: write + as %2B") {
			t.Errorf("%s: %s", method, got)
		}
	}
}
