package http_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// largeTasks is a user with 400 tasks of which a page of 1 MiB has not room for all, some
// of them deleted, in texts that JSON makes as much larger as it can, and less.
func largeTasks(t *testing.T) *api {
	t.Helper()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, `INSERT INTO users (id, version) VALUES ('alice', 5000);
		INSERT INTO tasks (user_id, id, title, description, tags, version)
		SELECT 'alice', gen_random_uuid(), 'task ' || n, repeat((ARRAY[chr(1), '"', '😀', 'x'])[1 + n % 4], 1000 - n % 7), ARRAY[repeat('ü', 50)], 2 * n
		FROM generate_series(1, 400) AS n;
		INSERT INTO deleted_tasks (user_id, id, version) SELECT 'alice', gen_random_uuid(), 2 * n + 1 FROM generate_series(1, 400) AS n`)
	return a
}

const maxPageBytes = 1 << 20

func TestListTasksPageEndsBeforeAMebibyte(t *testing.T) {
	t.Parallel()
	a := largeTasks(t)
	for _, sort := range []string{"created_at", "title", "due_date"} {
		seen, pages := map[string]bool{}, 0
		for path := tasksOf(alice) + "?sort=" + sort; path != ""; pages++ {
			reply := a.do(alice, "GET", path, "", "Accept-Encoding: identity").must(t, 200)
			link := next.FindStringSubmatch(reply.Header.Get("Link"))
			if size := len(reply.body); size > maxPageBytes || link != nil && size < maxPageBytes-10_000 {
				t.Errorf("by %s: page %d has %d bytes, Link: %q", sort, pages, size, link)
			}
			var tasks []task
			if err := json.Unmarshal([]byte(reply.body), &tasks); err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				if seen[task.ID] {
					t.Errorf("by %s: %s comes twice", sort, task.Title)
				}
				seen[task.ID] = true
			}
			if path = ""; link != nil {
				path = link[1]
			}
		}
		if len(seen) != 400 || pages < 2 {
			t.Errorf("by %s: %d tasks on %d pages", sort, len(seen), pages)
		}
	}
}

func TestChangesPageEndsBeforeAMebibyte(t *testing.T) {
	t.Parallel()
	a := largeTasks(t)
	cursor := a.do(alice, "GET", changesOf(alice)+"?limit=1", "").must(t, 200).changes(t).Cursor
	told, pages := map[string]bool{}, 0
	for more := true; more; pages++ {
		reply := a.do(alice, "GET", changesOf(alice)+"?since="+cursor, "", "Accept-Encoding: identity").must(t, 200)
		page := reply.changes(t)
		if size := len(reply.body); size > maxPageBytes || page.More && size < maxPageBytes-100_000 {
			t.Errorf("page %d has %d bytes, more: %t", pages, size, page.More)
		}
		for _, task := range page.Tasks {
			if told[task.ID] {
				t.Errorf("%s is told twice", task.Title)
			}
			told[task.ID] = true
		}
		cursor, more = page.Cursor, page.More
	}
	if len(told) != 399 || pages < 2 {
		t.Errorf("%d tasks on %d pages", len(told), pages)
	}
}

func TestChangesStreamHasEventsBelowAMebibyte(t *testing.T) {
	t.Parallel()
	a := largeTasks(t)
	stream := a.stream(alice, "")
	if page := stream.must(); !page.More || len(page.Tasks) == 400 {
		t.Errorf("the first event has %d tasks, more: %t", len(page.Tasks), page.More)
	}
	for more := true; more; {
		more = stream.must().More
	}
}

// TestEncodedTaskIsNoLargerThanExpected compares what changes count with what they write.
func TestEncodedTaskIsNoLargerThanExpected(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for _, text := range oddTexts {
		task := encodedTask(text, random)
		encoded, err := todohttp.EncodeTasks([]db.Task{task})
		if size := todohttp.MaxSize(&task); err == nil && (size < len(encoded) || size > len(encoded)+320) {
			t.Errorf("%q: %d bytes, expected at most %d", text, len(encoded), size)
		}
	}
}
