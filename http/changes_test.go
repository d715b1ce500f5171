package http_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

type changes struct {
	Tasks   []task   `json:"tasks"`
	Deleted []string `json:"deleted"`
	Cursor  string   `json:"cursor"`
	More    bool     `json:"more"`
}

func (a response) changes(t *testing.T) changes {
	t.Helper()
	var got changes
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Tasks == nil || got.Deleted == nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return got
}

func changesOf(user string) string { return "/api/" + user + "/changes" }

// copied is what a client has that follows the changes.
type copied struct {
	tasks  map[string]task
	cursor string
}

// apply takes a page over. It reports what a client must never be told.
func (c *copied) apply(user string, page changes) error {
	for _, told := range page.Tasks {
		if told.UserID != user {
			return fmt.Errorf("a foreign task: %+v", told)
		}
		if had, ok := c.tasks[told.ID]; ok && had.Version >= told.Version {
			return fmt.Errorf("told %+v after %+v", told, had)
		}
		c.tasks[told.ID] = told
	}
	for _, id := range page.Deleted {
		if slices.ContainsFunc(page.Tasks, func(told task) bool { return told.ID == id }) {
			return fmt.Errorf("%s is there and deleted", id)
		}
		delete(c.tasks, id)
	}
	c.cursor = page.Cursor
	return nil
}

// follow reads pages of a size until there is no more. On 410 it begins again.
func (c *copied) follow(t *testing.T, a *api, user string, limit int) (pages int) {
	t.Helper()
	for {
		path := fmt.Sprintf("%s?limit=%d", changesOf(user), limit)
		if c.cursor != "" {
			path += "&since=" + c.cursor
		}
		reply := a.do(user, "GET", path, "")
		if reply.StatusCode == 410 {
			*c = copied{tasks: map[string]task{}}
			continue
		}
		page := reply.must(t, 200).changes(t)
		if n := len(page.Tasks) + len(page.Deleted); n > limit || page.More && n < limit {
			t.Errorf("a page of %d has %d, more: %t", limit, n, page.More)
		}
		if err := c.apply(user, page); err != nil {
			t.Error(err)
		}
		if pages++; !page.More {
			return pages
		}
	}
}

// mustEqual compares the copy with the list.
func (c *copied) mustEqual(t *testing.T, a *api, user string) {
	t.Helper()
	if difference := c.difference(t, a, user); difference != "" {
		t.Error(difference)
	}
}

// difference says how the copy differs from the list, "" where it does not.
func (c *copied) difference(t *testing.T, a *api, user string) string {
	t.Helper()
	var list []task
	if err := json.Unmarshal([]byte(a.do(user, "GET", tasksOf(user), "").must(t, 200).body), &list); err != nil {
		t.Fatal(err)
	}
	want := map[string]task{}
	for _, listed := range list {
		want[listed.ID] = listed
	}
	if reflect.DeepEqual(c.tasks, want) {
		return ""
	}
	for id, listed := range want {
		if had, ok := c.tasks[id]; !ok || !reflect.DeepEqual(had, listed) {
			return fmt.Sprintf("the copy of %s has %+v and the list %+v", user, had, listed)
		}
	}
	return fmt.Sprintf("the copy of %s has %v and the list %v", user, slices.Sorted(maps.Keys(c.tasks)), slices.Sorted(maps.Keys(want)))
}

func TestChangesTellWhatChangedSinceTheCursor(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	get := func(since string) changes {
		path := changesOf(alice)
		if since != "" {
			path += "?since=" + since
		}
		return a.do(alice, "GET", path, "").must(t, 200).changes(t)
	}
	is := func(what string, got changes, tasks []task, deleted ...string) string {
		t.Helper()
		if !reflect.DeepEqual(got.Tasks, append([]task{}, tasks...)) || !slices.Equal(got.Deleted, deleted) || got.More {
			t.Errorf("%s: %+v, want %+v and %v", what, got, tasks, deleted)
		}
		return got.Cursor
	}
	never := is("before the first write", get(""), nil)
	is("still", get(never), nil)
	one, two := a.create(alice, "one"), a.create(alice, "two")
	a.create(bob, "bob's")
	is("from before the first write", get(never), []task{one, two})
	start := is("everything", get(""), []task{one, two})
	is("nothing since", get(start), nil)
	one = a.do(alice, "PUT", pathOf(one), `{"title":"changed"}`).must(t, 200).task(t)
	one = a.do(alice, "PATCH", pathOf(one)+"/complete", "").must(t, 200).task(t)
	next := is("a change, once", get(start), []task{one})
	a.do(alice, "PUT", pathOf(one), `{"title":"changed"}`).must(t, 200)
	is("no change", get(next), nil)
	a.do(alice, "DELETE", pathOf(two), "").must(t, 204)
	gone := is("a deletion", get(next), nil, two.ID)
	is("a deletion and a change", get(start), []task{one}, two.ID)
	is("everything, without what the client never had", get(""), []task{one})
	two = a.do(alice, "PUT", pathOf(two), `{"title":"again"}`, "If-None-Match: *").must(t, 201).task(t)
	is("an undo", get(gone), []task{two})
	is("an undo is no deletion", get(start), []task{one, two})
	cleared := is("all", get(""), []task{one, two})
	a.do(alice, "DELETE", tasksOf(alice)+"?all=true", "").must(t, 200)
	ids := []string{one.ID, two.ID}
	slices.Sort(ids)
	is("a bulk deletion", get(cleared), nil, ids...)
}

func TestChangesArePagedByAnySize(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for limit := 1; limit <= 7; limit++ {
		user := fmt.Sprint("user", limit)
		c, fromStart := &copied{tasks: map[string]task{}}, 0
		for n := range 9 {
			a.create(user, fmt.Sprint(n))
		}
		if fromStart = c.follow(t, a, user, limit); fromStart != (9+limit-1)/limit {
			t.Errorf("limit %d: %d pages", limit, fromStart)
		}
		a.do(user, "PATCH", tasksOf(user)+"?search=1", `{"completed":true}`).must(t, 200)
		a.do(user, "PATCH", tasksOf(user)+"?all=true", `{"completed":true}`).must(t, 200)
		a.do(user, "DELETE", tasksOf(user)+"?search=2", "").must(t, 200)
		c.follow(t, a, user, limit)
		c.mustEqual(t, a, user)
		a.do(user, "DELETE", tasksOf(user)+"?all=true", "").must(t, 200)
		a.create(user, "last")
		c.follow(t, a, user, limit)
		c.mustEqual(t, a, user)
	}
}

func TestChangesWhileTheFirstPagesAreRead(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	var made []task
	for n := range 6 {
		made = append(made, a.create(alice, fmt.Sprint(n)))
	}
	c := &copied{tasks: map[string]task{}}
	page := a.do(alice, "GET", changesOf(alice)+"?limit=2", "").must(t, 200).changes(t)
	if err := c.apply(alice, page); err != nil || !page.More {
		t.Fatal(err, page)
	}
	a.do(alice, "DELETE", pathOf(made[0]), "").must(t, 204) // told already
	a.do(alice, "DELETE", pathOf(made[4]), "").must(t, 204) // not yet
	a.do(alice, "PUT", pathOf(made[1]), `{"title":"x"}`).must(t, 200)
	a.do(alice, "PUT", pathOf(made[5]), `{"title":"y"}`).must(t, 200)
	c.follow(t, a, alice, 2)
	c.mustEqual(t, a, alice)
}

func TestChangesRefuseACursorThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	a.create(bob, "b")
	bobs := a.do(bob, "GET", changesOf(bob), "").must(t, 200).changes(t).Cursor
	raw, err := base64.RawURLEncoding.DecodeString(a.do(alice, "GET", changesOf(alice), "").changes(t).Cursor)
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), `"v":`, `"v":-`, 1)))
	for _, since := range []string{bobs, forged, "", "x", "1", "e30", strings.Repeat("A", 3000)} {
		a.do(alice, "GET", changesOf(alice)+"?since="+since, "").must(t, 400).problem(t)
		if since != "" {
			a.do(alice, "GET", changesOf(alice), "", "Accept: text/event-stream", "Last-Event-ID: "+since).must(t, 400).problem(t)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=1001", "?limit=x", "?cursor=x", "?since=" + bobs + "&since=" + bobs} {
		a.do(alice, "GET", changesOf(alice)+query, "").must(t, 400).problem(t)
	}
	a.do(bob, "GET", changesOf(alice), "").must(t, 403)
	a.do("", "GET", changesOf(alice), "").must(t, 401)
	a.do(alice, "POST", changesOf(alice), "").must(t, 405)
	a.do(alice, "HEAD", changesOf(alice), "", "Accept: text/event-stream").must(t, 200)
}

func TestChangesSinceWhatIsForgottenAre410(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	since := func() string {
		return changesOf(alice) + "?since=" + a.do(alice, "GET", changesOf(alice), "").must(t, 200).changes(t).Cursor
	}
	expired := func(path string) {
		t.Helper()
		if p := a.do(alice, "GET", path, "").must(t, 410).problem(t); p.Type != "/problems/cursor-expired" {
			t.Errorf("%+v", p)
		}
		a.do(alice, "GET", path, "", "Accept: text/event-stream").must(t, 410).problem(t)
	}
	a.create(alice, "a")
	before := since()
	a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	expired(before)
	a.create(alice, "of the new account")
	expired(before)
	old := since()
	a.do(alice, "DELETE", pathOf(a.create(alice, "b")), "").must(t, 204)
	dbtest.Exec(t, a.database, `
		UPDATE users SET forgotten_version = 1, version = version - 200 * 86400000::bigint, deleted_version = 1;
		UPDATE tasks SET version = version - 200 * 86400000::bigint, updated_at = updated_at - interval '200 days';
		UPDATE deleted_tasks SET version = version - 100 * 86400000::bigint`)
	ancient := since()
	a.do(alice, "DELETE", pathOf(a.create(alice, "c")), "").must(t, 204)
	expired(ancient)
	a.do(alice, "GET", old, "").must(t, 200)
	a.do(alice, "GET", since(), "").must(t, 200)
}

// TestChangesTellWhatTheReleaseBeforeWrote has rows as the release before leaves them,
// which counts a task's own version and not the user's.
func TestChangesTellWhatTheReleaseBeforeWrote(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "a")
	c := &copied{tasks: map[string]task{}}
	c.follow(t, a, alice, 10)
	dbtest.Exec(t, a.database, `
		UPDATE tasks SET title = 'by the release before', version = version + 1, updated_at = clock_timestamp() + interval '5 milliseconds';
		INSERT INTO tasks (user_id, id, title, created_at, updated_at) VALUES ('alice', gen_random_uuid(), 'added by it', clock_timestamp() + interval '5 milliseconds', clock_timestamp() + interval '5 milliseconds')`)
	c.follow(t, a, alice, 1)
	c.mustEqual(t, a, alice)
	a.do(alice, "PUT", pathOf(made), `{"title":"by this one"}`).must(t, 200)
	c.follow(t, a, alice, 1)
	c.mustEqual(t, a, alice)
}
