package http_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// list gets a list and fails unless it is one.
func (a *api) list(query string) []task {
	a.t.Helper()
	var tasks []task
	body := a.do(alice, "GET", tasksOf(alice)+query, "").must(a.t, 200).body
	if err := json.Unmarshal([]byte(body), &tasks); err != nil {
		a.t.Fatalf("%s: %v", body, err)
	}
	return tasks
}

func titles(tasks []task) string {
	var all []string
	for _, t := range tasks {
		all = append(all, t.Title)
	}
	return strings.Join(all, " ")
}

// post creates a task from a body.
func (a *api) post(body string) task {
	a.t.Helper()
	return a.do(alice, "POST", tasksOf(alice), body).must(a.t, 201).task(a.t)
}

func TestTaskFieldsHaveDefaultsAndAreCleared(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	standard := a.post(`{"title":"a"}`)
	if standard.Priority != "medium" || standard.DueDate != nil || standard.Tags == nil || len(standard.Tags) != 0 || standard.Version < 1 {
		t.Errorf("%+v", standard)
	}
	full := a.post(`{"title":"b","priority":"high","due_date":"2026-12-01T10:00:00.5+01:00","tags":["home","work","home"]}`)
	if full.Priority != "high" || *full.DueDate != "2026-12-01T09:00:00.5Z" || !slices.Equal(full.Tags, []string{"home", "work"}) {
		t.Errorf("%+v, due %s", full, *full.DueDate)
	}
	date := a.do(alice, "PATCH", pathOf(full), `{"due_date":"2026-12-01","tags":[]}`).must(t, 200).task(t)
	if *date.DueDate != "2026-12-01" || len(date.Tags) != 0 || date.Version <= full.Version {
		t.Errorf("%+v, due %s", date, *date.DueDate)
	}
	cleared := a.do(alice, "PUT", pathOf(full), `{"due_date":null}`).must(t, 200).task(t)
	if cleared.DueDate != nil || cleared.Priority != "high" || cleared.Version <= date.Version {
		t.Errorf("%+v", cleared)
	}
	if same := a.do(alice, "PUT", pathOf(full), `{"title":"b","priority":"high","tags":[],"version":1}`).must(t, 200).task(t); same.Version != cleared.Version || same.UpdatedAt != cleared.UpdatedAt {
		t.Errorf("a request that changes nothing made %+v", same)
	}
}

func TestListTasksFilters(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, body := range []string{
		`{"title":"milk","completed":true,"priority":"low","tags":["home"],"due_date":"2026-01-01"}`,
		`{"title":"bread","priority":"high","tags":["home","shop"],"due_date":"2026-02-01"}`,
		`{"title":"100%_\\x","description":"Grüße","tags":["shop"]}`,
		`{"title":"tax","description":"MILK money","due_date":"2026-03-01T12:00:00Z"}`,
	} {
		a.post(body)
	}
	for query, want := range map[string]string{
		"":                              `tax 100%_\x bread milk`,
		"?status=all":                   `tax 100%_\x bread milk`,
		"?status=pending":               `tax 100%_\x bread`,
		"?status=completed":             "milk",
		"?completed=true":               "milk",
		"?completed=false":              `tax 100%_\x bread`,
		"?priority=high":                "bread",
		"?tag=home":                     "bread milk",
		"?tag=home&tag=shop":            "bread",
		"?tag=Home":                     "",
		"?search=milk":                  "tax milk",
		"?search=MiLk&status=completed": "milk",
		"?search=GR%C3%9CSSE":           `100%_\x`,
		"?search=gr%C3%9C":              `100%_\x`,
		"?search=%25":                   `100%_\x`,
		"?search=_":                     `100%_\x`,
		"?search=%5C":                   `100%_\x`,
		"?search=":                      `tax 100%_\x bread milk`,
		"?due_after=2026-02-01":         "tax bread",
		"?due_before=2026-02-01":        "milk",
		"?due_after=2026-02-01T00:00:00Z&due_before=2026-03-01": "bread",
		"?due_after=2026-03-01T13:00:00%2B01:00":                "tax",
		"?sort=title&limit=2":                                   `100%_\x bread`,
	} {
		if got := titles(a.list(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{
		"?status=pending&completed=false", "?status=done", "?status=", "?completed=yes", "?priority=urgent", "?priority=low&priority=high", "?search=a&search=b",
		"?due_after=tomorrow", "?due_before=2026-13-01", "?due_after=0000-01-01", "?due_before=9999-12-31T23:59:59-01:00", "?limit=0", "?limit=1001", "?limit=-1", "?limit=1e2", "?limit=+5", "?limit=",
		"?sort=id", "?order=up", "?cursor=", "?cursor=x", "?offset=1", "?Status=all", "?search=%00", "?search=%ff", "?%ff=1", "?tag=%00", "?tag=", "?tag=a&tag", "?tag=" + strings.Repeat("x", 51), "?search=" + strings.Repeat("%C3%BC", 201), "?all=true", "?a;b", "?%zz",
	} {
		a.do(alice, "GET", tasksOf(alice)+query, "").must(t, 400).problem(t)
	}
	a.do(alice, "GET", tasksOf(alice)+"?search="+strings.Repeat("%C3%BC", 200), "").must(t, 200)
}

func TestListTasksSorts(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"C", "C.UTF-8"} {
		t.Run(locale, func(t *testing.T) {
			a := serveDatabase(t, dbtest.NewInLocale(t, locale))
			for _, body := range []string{
				`{"title":"éclair","priority":"low","due_date":"2026-03-01"}`,
				`{"title":"Zebra","priority":"high"}`,
				`{"title":"apple","priority":"medium","due_date":"2026-01-01"}`,
				`{"title":"Eclipse","priority":"high","due_date":"2026-02-01"}`,
				`{"title":"Apple","priority":"low"}`,
			} {
				a.post(body)
			}
			a.do(alice, "PATCH", pathOf(a.list("?sort=title&limit=1")[0]), `{"description":"touched"}`).must(t, 200)
			for query, want := range map[string]string{
				"?sort=created_at":                  "Apple Eclipse apple Zebra éclair",
				"?order=asc":                        "éclair Zebra apple Eclipse Apple",
				"?sort=updated_at&limit=1":          "apple",
				"?sort=title":                       "apple Apple éclair Eclipse Zebra",
				"?sort=title&order=desc":            "Zebra Eclipse éclair Apple apple",
				"?sort=due_date&limit=3":            "apple Eclipse éclair",
				"?sort=due_date&order=desc&limit=3": "éclair Eclipse apple",
			} {
				if got := titles(a.list(query)); got != want {
					t.Errorf("%s: %s, want %s", query, got, want)
				}
			}
			for query, want := range map[string]string{"?sort=priority": "high high medium low low", "?sort=priority&order=asc": "low low medium high high"} {
				var got []string
				for _, task := range a.list(query) {
					got = append(got, task.Priority)
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s: %s", query, got)
				}
			}
			for _, order := range []string{"asc", "desc"} {
				tasks := a.list("?sort=due_date&order=" + order)
				if tasks[3].DueDate != nil || tasks[4].DueDate != nil || (tasks[3].CreatedAt < tasks[4].CreatedAt) != (order == "asc") {
					t.Errorf("%s: the last two are %+v and %+v", order, tasks[3], tasks[4])
				}
			}
		})
	}
}

var next = regexp.MustCompile(`^<([^>]*)>; rel="next"$`)

// page gets a page and the path of the next one, "" for none.
func (a *api) page(path string) (tasks []task, following string) {
	a.t.Helper()
	reply := a.do(alice, "GET", path, "").must(a.t, 200)
	if err := json.Unmarshal([]byte(reply.body), &tasks); err != nil {
		a.t.Fatal(err)
	}
	if link := next.FindStringSubmatch(reply.Header.Get("Link")); link != nil {
		following = link[1]
	} else if reply.Header.Get("Link") != "" {
		a.t.Errorf("Link: %s", reply.Header.Get("Link"))
	}
	return tasks, following
}

// TestListTasksPagesNeitherSkipNorRepeat changes tasks at random between pages. A task that
// existed throughout and kept its sort key is seen exactly once.
func TestListTasksPagesNeitherSkipNorRepeat(t *testing.T) {
	t.Parallel()
	for _, sort := range []string{"created_at", "updated_at", "due_date", "priority", "title"} {
		for _, order := range []string{"asc", "desc"} {
			t.Run(sort+" "+order, func(t *testing.T) {
				t.Parallel()
				a := newAPI(t, dbtest.NeonOwner)
				seed := rand.Uint64()
				random := rand.New(rand.NewPCG(seed, 0))
				body := func() string {
					due := "null"
					if random.IntN(3) > 0 {
						// A day and an instant may be due at one time.
						due = fmt.Sprintf(`"2026-01-%02d%s"`, 1+random.IntN(5), []string{"", "T00:00:00Z"}[random.IntN(2)])
					}
					return fmt.Sprintf(`{"title":"%s","priority":"%s","due_date":%s}`,
						[]string{"a", "A", "á", "b", "z z", "ß"}[random.IntN(6)], []string{"low", "medium", "high"}[random.IntN(3)], due)
				}
				steady := map[string]int{}
				var all []task
				for range 40 {
					made := a.post(body())
					all = append(all, made)
					steady[made.ID] = 0
				}
				for path := tasksOf(alice) + "?limit=7&sort=" + sort + "&order=" + order; path != ""; {
					var tasks []task
					tasks, path = a.page(path)
					if path != "" && len(tasks) != 7 {
						t.Errorf("a page of %d with a next one", len(tasks))
					}
					for _, task := range tasks {
						if seen, ok := steady[task.ID]; ok {
							steady[task.ID] = seen + 1
						}
					}
					for range 3 {
						victim := all[random.IntN(len(all))]
						switch random.IntN(4) {
						case 0:
							a.post(body())
						case 1:
							delete(steady, victim.ID)
							a.do(alice, "DELETE", pathOf(victim), "")
						case 2:
							delete(steady, victim.ID)
							a.do(alice, "PUT", pathOf(victim), body())
						case 3:
							// Another field than the sort key, unless that is updated_at.
							if sort == "updated_at" {
								delete(steady, victim.ID)
							}
							a.do(alice, "PATCH", pathOf(victim)+"/complete", "")
						}
					}
					// The row that the cursor points to goes in any case.
					if len(tasks) > 0 && path != "" {
						last := tasks[len(tasks)-1]
						if seen := steady[last.ID]; seen > 1 {
							t.Errorf("%s was seen %d times", last.Title, seen)
						}
						delete(steady, last.ID)
						a.do(alice, "DELETE", pathOf(last), "")
					}
				}
				for id, seen := range steady {
					if seen != 1 {
						t.Errorf("seed %d: %s was seen %d times", seed, id, seen)
					}
				}
			})
		}
	}
}

func TestListTasksCursorBelongsToItsList(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for _, title := range []string{"a", "b", "c"} {
		a.post(`{"title":"` + title + `","tags":["x"],"due_date":"2026-01-01"}`)
	}
	_, following := a.page(tasksOf(alice) + "?sort=title&limit=1&tag=x")
	u, err := url.Parse(following)
	if err != nil {
		t.Fatal(err)
	}
	cursor := url.QueryEscape(u.Query().Get("cursor"))
	if got := titles(a.list("?sort=title&tag=x&limit=2&order=asc&cursor=" + cursor)); got != "b c" {
		t.Errorf("the same list with another limit: %s", got)
	}
	for _, query := range []string{
		"?sort=title&cursor=", "?sort=title&tag=y&cursor=", "?sort=title&tag=x&order=desc&cursor=", "?sort=created_at&tag=x&cursor=", "?tag=x&cursor=",
		"?sort=title&tag=x&search=a&cursor=", "?sort=title&tag=x&status=pending&cursor=", "?sort=due_date&tag=x&cursor=",
	} {
		a.do(alice, "GET", tasksOf(alice)+query+cursor, "").must(t, 400).problem(t)
	}
	for _, broken := range []string{"x", cursor + "A", cursor[:len(cursor)-4], "bnVsbA", "e30", "eyJxIjoiIn0"} {
		a.do(alice, "GET", tasksOf(alice)+"?sort=title&tag=x&cursor="+broken, "").must(t, 400).problem(t)
	}
}

func TestListTasksPageHasAThousandTasks(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	dbtest.Exec(t, a.database, `INSERT INTO users (id) VALUES ('alice');
		INSERT INTO tasks (user_id, id, title) SELECT 'alice', gen_random_uuid(), 'task ' || n FROM generate_series(1, 2001) AS n`)
	seen := map[string]bool{}
	pages := 0
	for path := tasksOf(alice); path != ""; pages++ {
		var tasks []task
		tasks, path = a.page(path)
		for _, task := range tasks {
			seen[task.ID] = true
		}
	}
	if len(seen) != 2001 || pages != 3 {
		t.Errorf("%d tasks on %d pages", len(seen), pages)
	}
}
