package http_test

import (
	"fmt"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestServerTimingNamesTheQuery(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	for _, c := range []struct{ method, path, body, query string }{
		{"GET", tasksOf(alice), "", "ListTasks"},
		{"GET", tasksOf(alice) + "?sort=title", "", "ListTasksByTitleAsc"},
		{"POST", tasksOf(alice), `{"title":"b"}`, "AddTask"},
		{"GET", pathOf(made), "", "GetTask"},
		{"PUT", pathOf(made), `{}`, "UpdateTask"},
		{"PATCH", pathOf(made) + "/complete", "", "CompleteTask"},
		{"PATCH", tasksOf(alice) + "?all=true", `{"completed":true}`, "CompleteTasks"},
		{"GET", "/api/alice", "", "GetAccount"},
		{"DELETE", pathOf(made), "", "DeleteTask"},
		{"DELETE", pathOf(made), "", "DeleteTask"}, // 404, from the database
		{"DELETE", tasksOf(alice) + "?all=true", "", "ClearTasks"},
		{"DELETE", "/api/alice", "", "EraseAccount"},
		{"GET", tasksOf(alice) + "/1", "", ""},
		{"GET", tasksOf(alice) + "?limit=0", "", ""},
		{"POST", tasksOf(alice), `{`, ""},
	} {
		timing := a.do(alice, c.method, c.path, c.body).Header.Get("Server-Timing")
		var duration float64
		var name string
		if c.query == "" && timing != "" {
			t.Errorf("%s %s: %s", c.method, c.path, timing)
		}
		if c.query == "" {
			continue
		}
		if _, err := fmt.Sscanf(timing, "db;dur=%f;desc=%q", &duration, &name); err != nil || name != c.query || duration <= 0 {
			t.Errorf("%s %s: %q", c.method, c.path, timing)
		}
	}
}
