package db_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// buffers reads what the queries' files say of each: how many buffers it touches at most,
// for a user with 50,000 tasks where that makes a difference.
func buffers(t *testing.T) map[string]int {
	t.Helper()
	query := regexp.MustCompile(`(?ms)^-- name: (\w+) .*?^-- Buffers: at most ([\d,]+)(?: with 5 tasks, ([\d,]+) with 50,000)?`)
	said := map[string]int{}
	for _, file := range []string{"tasks", "lists", "users", "changes"} {
		text, err := os.ReadFile("../sql/queries/" + file + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range query.FindAllStringSubmatch(string(text), -1) {
			most := match[2]
			if match[3] != "" {
				most = match[3]
			}
			if said[match[1]], err = strconv.Atoi(strings.ReplaceAll(most, ",", "")); err != nil {
				t.Fatal(err)
			}
		}
	}
	return said
}

// TestQueriesThatShareALaneAreShortReads compares with what each query says of itself:
// what others wait behind reads a few rows, and changes nothing.
func TestQueriesThatShareALaneAreShortReads(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	said, counts := buffers(t), map[string]int{}
	for name, sql := range db.Statements() {
		most, found := said[name]
		if !found {
			t.Errorf("%s says nothing of its buffers", name)
		}
		kind, size := pool.LanesOf(name)
		counts[kind]++
		switch {
		case size > 1 && kind != "reads":
			t.Errorf("%s: %s share a lane", name, kind)
		case kind == "reads" && (!db.IsRead(sql) || most > 120):
			t.Errorf("%s is on the lanes of reads: it reads only is %t, and it touches %d buffers", name, db.IsRead(sql), most)
		case kind == "writes" && (db.IsRead(sql) || most > 120):
			t.Errorf("%s is on the lanes of writes: it reads only is %t, and it touches %d buffers", name, db.IsRead(sql), most)
		}
	}
	if len(said) != len(db.Statements()) || counts["reads"] == 0 || counts["writes"] == 0 || counts["heavy"] == 0 {
		t.Errorf("%d queries, of which %d say their buffers: %v", len(db.Statements()), len(said), counts)
	}
	// SQL that is no generated query may be anything.
	if kind, size := pool.LanesOf("SELECT"); kind != "heavy" || size != 1 {
		t.Errorf("other SQL: %s, %d", kind, size)
	}
}

// TestConnectionThroughAPoolerIsToldFromADirectOne has results described only where they
// must be.
func TestConnectionThroughAPoolerIsToldFromADirectOne(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for name, route := range dbtest.Routes {
		t.Run(name, func(t *testing.T) {
			for parameter, prepares := range map[string]bool{"": true, "&default_query_exec_mode=exec": false} {
				isDirect, err := dbtest.Pool(t, route(t, url, 2)+parameter).IsDirect(t.Context())
				if want := prepares && name == "directly" && os.Getenv("TEST_POOLER") == ""; isDirect != want || err != nil {
					t.Errorf("%q: %t, %v", parameter, isDirect, err)
				}
			}
		})
	}
}
