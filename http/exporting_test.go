package http_test

import (
	"encoding/json"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

type exported struct {
	User       struct{ ID, Email string }
	ExportedAt string `json:"exported_at"`
	Tasks      []task
}

// exportedAs says where in an export the rows of each table are that users own, or why
// they are not there.
var exportedAs = map[string]string{
	"users":         "user",
	"tasks":         "tasks",
	"deleted_tasks": "left out: the ids of tasks that are gone say nothing of the user",
}

func TestExportCoversEveryOwnedTable(t *testing.T) {
	t.Parallel()
	for _, owned := range db.OwnedTables() {
		if exportedAs[owned.Table] == "" {
			t.Errorf("an export has nothing of %s: write it in http/export.go, and say in exportedAs where", owned.Table)
		}
	}
}

func TestExportIsEverythingAsOneDownload(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	read := func() (e exported) {
		reply := a.do(alice, "GET", "/api/alice/export", "").must(t, 200)
		if reply.Header.Get("Content-Disposition") != `attachment; filename="tasks.json"` || reply.Header.Get("Content-Type") != "application/json" || reply.Header.Get("Server-Timing") != "" {
			t.Errorf("%v", reply.Header)
		}
		if err := json.Unmarshal([]byte(reply.body), &e); err != nil {
			t.Fatalf("%s: %v", reply.body, err)
		}
		return e
	}
	if e := read(); e.User.ID != alice || e.Tasks == nil || len(e.Tasks) != 0 || e.ExportedAt == "" {
		t.Errorf("before the first write: %+v", e)
	}
	a.create(bob, "bob's")
	dbtest.Exec(t, a.database, `INSERT INTO users (id, email) VALUES ('alice', 'alice@example.test');
		INSERT INTO tasks (user_id, id, title, created_at) SELECT 'alice', gen_random_uuid(), 'task ' || n, now() + n * interval '1 s' FROM generate_series(1, 3000) AS n`)
	e := read()
	if len(e.Tasks) != 3000 || e.Tasks[0].Title != "task 1" || e.Tasks[2999].Title != "task 3000" || e.User.Email != "alice@example.test" {
		t.Errorf("%d tasks of %+v", len(e.Tasks), e.User)
	}
	a.do(alice, "HEAD", "/api/alice/export", "").must(t, 200)
	a.do(bob, "GET", "/api/alice/export", "").must(t, 403)
}
