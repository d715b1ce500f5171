package sql_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

var (
	measuring    sync.Once
	measurements []measurement
)

// measured is measureAll, once for all tests.
func measured(t *testing.T) []measurement {
	t.Helper()
	measuring.Do(func() { measurements = measureAll(t) })
	if measurements == nil {
		t.Fatal("not every query could be measured")
	}
	return measurements
}

// measureAll runs every query for a user with few tasks and for one with many, in both
// modes of planning.
func measureAll(t *testing.T) []measurement {
	t.Helper()
	queries := slices.Sorted(maps.Keys(db.Statements()))
	for _, name := range queries {
		if calls[name] == nil {
			t.Fatalf("query %s has no example: add it to calls", name)
		}
	}
	w := newWorkload(t)
	requests := slices.Clone(searches)
	for _, name := range queries {
		requests = append(requests, asked{name, "", calls[name]})
	}
	var all []measurement
	for _, r := range requests {
		for _, mode := range []string{"generic", "custom"} {
			t.Run(fmt.Sprint("measure ", r.query, " ", r.what, " ", mode), func(t *testing.T) {
				conn := w.connFor(t, r.query)
				for _, o := range []owner{w.few, w.many} {
					all = append(all, w.measure(t, conn, r, o, mode))
				}
			})
		}
	}
	if len(all) != 4*len(requests) {
		t.Fatal("not every query could be measured")
	}
	slices.SortStableFunc(all, func(a, b measurement) int {
		return cmp.Or(cmp.Compare(a.query, b.query), cmp.Compare(a.asked, b.asked), cmp.Compare(a.tasks, b.tasks))
	})
	return all
}

// claim is what the comment of a query states.
type claim struct {
	index     string
	few, many int // buffers at most
	search    int // of a user with 50,000 tasks, all of which a search looks at
}

var claimed = regexp.MustCompile(`(?s)\n-- Index: (.*?)\n-- Buffers: at most ([\d,]+)(?: with 5 tasks, ([\d,]+) with 50,000(?:, ([\d,]+) where a search\s+(?:-- )?looks at all of them)?)?[ .]`)

func claims(t *testing.T) map[string]claim {
	t.Helper()
	files, _ := filepath.Glob("queries/*.sql")
	found := map[string]claim{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range strings.Split(string(content), "-- name: ")[1:] {
			name, _, _ := strings.Cut(query, " ")
			stated := claimed.FindStringSubmatch(query)
			if stated == nil {
				t.Fatalf("%s does not state its index and its buffers", name)
			}
			c := claim{index: strings.ReplaceAll(stated[1], "\n-- ", " "), few: number(stated[2]), many: number(stated[2])}
			if stated[3] != "" {
				c.many = number(stated[3])
			}
			c.search = max(c.many, number(stated[4]))
			found[name] = c
		}
	}
	return found
}

func number(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	return n
}

func (c claim) buffers(m measurement) int {
	switch {
	case m.tasks > 5 && m.asked != "":
		return c.search
	case m.tasks > 5:
		return c.many
	}
	return c.few
}

// TestPlansKeepToTheirIndexAndBuffers runs each query among 10,000 users with 5
// tasks each and one with 50,000.
func TestPlansKeepToTheirIndexAndBuffers(t *testing.T) {
	claims := claims(t)
	for _, m := range measured(t) {
		t.Run(fmt.Sprint(m.query, " ", m.asked, " ", m.tasks, " ", m.mode), func(t *testing.T) {
			c := claims[m.query]
			for _, fault := range c.faults(m) {
				t.Error(fault)
			}
			if m.buffers > c.buffers(m) {
				t.Errorf("touches %d buffers, and states %d at most", m.buffers, c.buffers(m))
			}
			if t.Failed() {
				t.Logf("%s\n%s", c.index, m.plan)
			}
		})
	}
}

var indexName = regexp.MustCompile(`(\w+_(?:pkey|idx))(?:, (forwards|backwards))?`)

// faults says where a query does not use the indexes that it claims, or more. A table
// may be scanned only where the claim says so and the plan is made for a user who owns
// half of it, and rows may be sorted only where the claim says so.
func (c claim) faults(m measurement) []string {
	var faults []string
	// Any index of tasks and of deleted_tasks begins with user_id, and users has but one.
	mayUse, mayScan := func(string) bool { return false }, false
	if strings.Contains(c.index, "one that begins with user_id") {
		mayUse = func(index string) bool { return strings.HasPrefix(index, "tasks_") }
		mayScan = strings.Contains(c.index, "a scan of the table") && m.tasks > 5 && m.mode == "custom"
		if !slices.ContainsFunc(m.indexes, mayUse) && !mayScan {
			faults = append(faults, "uses no index that begins with user_id")
		}
		if strings.Contains(c.index, "that begins with user_id of each table") {
			mayUse = func(index string) bool { return strings.Contains(index, "tasks_") }
		}
	}
	var names []string
	for _, named := range indexName.FindAllStringSubmatch(c.index, -1) {
		names = append(names, named[1])
		if !slices.Contains(m.indexes, named[1]) {
			faults = append(faults, "does not use "+named[1])
		}
		scan := map[string]string{"": "", "forwards": "Index Scan using " + named[1], "backwards": "Index Scan Backward using " + named[1]}[named[2]]
		if !strings.Contains(m.plan, scan) {
			faults = append(faults, "does not read "+named[1]+" "+named[2])
		}
	}
	for _, index := range m.indexes {
		if !slices.Contains(names, index) && !mayUse(index) {
			faults = append(faults, "uses "+index)
		}
	}
	if len(m.scanned) > 0 && !mayScan {
		faults = append(faults, fmt.Sprint("scans ", m.scanned))
	}
	if strings.Contains(m.plan, "Sort Key: ") && !strings.Contains(c.index, "sorted") {
		faults = append(faults, "sorts")
	}
	return faults
}

const plansFile = "plans.md"

func TestPlansFileIsFresh(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.NeedMajor15(t, url)
	now := plansPage(measured(t), claims(t))
	if *update {
		if err := os.WriteFile(plansFile, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(plansFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != now {
		// While other sessions change the catalog, this one may have to read the root of
		// an index again: that passes.
		now = plansPage(measureAll(t), claims(t))
	}
	if string(written) != now {
		t.Errorf("sql/plans.md is not what PostgreSQL does: run `make explain`; the first difference:\n%s", firstDifference(string(written), now))
	}
}

func firstDifference(written, now string) string {
	is, was := strings.Split(now, "\n"), strings.Split(written, "\n")
	for i, line := range is {
		if i >= len(was) {
			return "+ " + line
		}
		if line != was[i] {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, was[i], line)
		}
	}
	return "- " + strings.Join(was[len(is):], "\n- ")
}
