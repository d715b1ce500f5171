package http_test

import (
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestListTasksSaysHowToWriteAPlus(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	detail := func(path string) string { return a.do(alice, "GET", path, "").must(t, 400).problem(t).Detail }
	for path, want := range map[string]string{
		tasksOf(alice) + "?due_after=2026-12-01T09:00:00+02:00":       "due_after: write + as %2B, since a query string has + for a space: 2026-12-01T09:00:00%2B02:00",
		tasksOf(alice) + "?due_before=2026-12-01t09:00:00.25%2002:00": "due_before: write + as %2B, since a query string has + for a space: 2026-12-01t09:00:00.25%2B02:00",
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
