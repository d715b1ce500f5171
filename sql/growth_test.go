package sql_test

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

var grows = regexp.MustCompile(`<!-- growth -->(\d+) of its row, (\d+) in .tasks_pkey., (\d+) in the index`)

// TestGrowthIsWhatThePageSays has users add their tasks in turn, one at a time: how full
// the pages of an index are depends on the order.
func TestGrowthIsWhatThePageSays(t *testing.T) {
	t.Parallel()
	said := grows.FindStringSubmatch(readFile(t, "README.md"))
	if said == nil {
		t.Fatal("the page does not say how many bytes a task takes")
	}
	const users, tasks = 4000, 5
	url := dbtest.SuperuserURL(t, dbtest.New(t, dbtest.NeonOwner))
	dbtest.Exec(t, url, fmt.Sprintf(`
		INSERT INTO users (id, email) SELECT 'user' || n, 'user' || n || '@example.test' FROM generate_series(1, %[1]d) AS n;
		INSERT INTO tasks (user_id, id, title, created_at, version)
		SELECT 'user' || n, md5(n || ':' || k)::uuid, 'Task ' || k || ' of user ' || n, '2026-01-01Z'::timestamptz + (k * %[1]d + place) * interval '1 minute', k
		FROM generate_series(1, %[2]d) AS k
		CROSS JOIN generate_series(1, %[1]d) AS place
		CROSS JOIN LATERAL (SELECT 1 + place * 7919 %% %[1]d AS n) AS given
		ORDER BY k, place`, users, tasks))
	for i, relation := range []string{"tasks", "tasks_pkey", "tasks_user_id_created_at_id_idx"} {
		takes := dbtest.Value[float64](t, url, "SELECT pg_relation_size($1::regclass)::float8", relation) / (users * tasks)
		if says, _ := strconv.ParseFloat(said[i+1], 64); math.Abs(takes/says-1) > 0.1 {
			t.Errorf("%s takes %.0f bytes a task, and the page says %.0f", relation, takes, says)
		}
	}
}
