package sql_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// loading is 10,000 users with 5 tasks each and one with 50,000, all made in turn, so
// that the tasks of a user lie apart, as they do in life, and a tombstone for every
// fifth task, none of which is old enough to go. Nothing in it is random,
// and the statistics are of every row.
const loading = `
	ALTER TABLE users SET (autovacuum_enabled = off);
	ALTER TABLE tasks SET (autovacuum_enabled = off);
	ALTER TABLE deleted_tasks SET (autovacuum_enabled = off);
	INSERT INTO users (id, email, created_at, updated_at, version, forgotten_version)
	SELECT id, id || '@example.test', '2026-01-01Z', '2026-01-01Z', 4102444800000, 1
	FROM (SELECT 'user' || n FROM generate_series(1, 10000) AS n UNION ALL SELECT 'big') AS users (id);
	INSERT INTO tasks (user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version)
	SELECT user_id,
	       (lpad(to_hex((extract(epoch FROM made) * 1000)::bigint), 12, '0') || '7' || substr(random, 1, 3) || '8' || substr(random, 4, 15))::uuid,
	       'Task ' || k * 7919 % 50000,
	       CASE WHEN k % 3 = 0 THEN repeat('What there is to say of it. ', 6) END,
	       k % 5 < 2,
	       made,
	       made + k * 37 % 1000 * interval '1 hour',
	       (ARRAY['low', 'medium', 'high'])[1 + k % 3],
	       CASE WHEN k % 2 = 0 THEN made + k * 7919 % 365 * interval '1 day' END,
	       CASE WHEN k % 4 = 0 THEN '{home}' ELSE '{}' END::text[],
	       4102444700000 + n
	FROM generate_series(1, 50000) AS n
	CROSS JOIN LATERAL (VALUES ('user' || 1 + n * 7919 % 10000), ('big')) AS owners (user_id)
	CROSS JOIN LATERAL (SELECT '2026-01-01Z'::timestamptz + n * interval '10 minutes', md5(user_id || n), n + n / 10000) AS given (made, random, k)
	ORDER BY n, user_id;
	INSERT INTO deleted_tasks (user_id, id, version, deleted_at)
	SELECT user_id, md5(user_id || ' was ' || n)::uuid, 4102444700000 + n, '2026-01-01Z'
	FROM generate_series(1, 50000, 5) AS n
	CROSS JOIN LATERAL (VALUES ('user' || 1 + n * 7919 % 10000), ('big')) AS owners (user_id)
	ORDER BY n, user_id`

// settings are PostgreSQL's defaults for what the plans depend on, without parallel
// workers, who share the buffers out in another way each time.
const settings = `
	SET LOCAL seq_page_cost = 1; SET LOCAL random_page_cost = 4; SET LOCAL cpu_tuple_cost = 0.01; SET LOCAL cpu_index_tuple_cost = 0.005;
	SET LOCAL cpu_operator_cost = 0.0025; SET LOCAL effective_cache_size = '4GB'; SET LOCAL work_mem = '4MB'; SET LOCAL hash_mem_multiplier = 2;
	SET LOCAL jit = off; SET LOCAL track_io_timing = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL TimeZone = 'UTC'`

// workload is a database with all the tasks, and who asks for them.
type workload struct {
	url       string // where nobody may be connected, so that it can be cloned
	reads     *pgx.Conn
	few, many owner
	other     owner // another with few
}

func newWorkload(t *testing.T) workload {
	t.Helper()
	w := workload{url: dbtest.SuperuserURL(t, dbtest.New(t, dbtest.NeonOwner))}
	conn := connect(t, w.url)
	// Before their commit has reached the disk rows do not count as visible to all. A
	// replica checks no foreign keys.
	for _, sql := range []string{"SET synchronous_commit = on; SET session_replication_role = replica", loading, "SET default_statistics_target = 400", "VACUUM ANALYZE"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.reads = connect(t, dbtest.Clone(t, w.url))
	w.few, w.many, w.other = readOwner(t, w.reads, "user7000"), readOwner(t, w.reads, "big"), readOwner(t, w.reads, "user3000")
	return w
}

func readOwner(t *testing.T, conn *pgx.Conn, id string) owner {
	t.Helper()
	tasks, err := db.New(conn).ExportTasks(t.Context(), db.ExportTasksParams{UserID: id, PageSize: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	o := owner{id: id, email: id + "@example.test", tasks: len(tasks), oldest: tasks[0].Title}
	o.middle = tasks[slices.IndexFunc(tasks, func(task db.Task) bool {
		return task.DueDate != nil && task.CreatedAt.After(tasks[len(tasks)/2-1].CreatedAt)
	})]
	if err := conn.QueryRow(t.Context(), "SELECT id FROM deleted_tasks WHERE user_id = $1 ORDER BY id LIMIT 1", id).Scan(&o.deleted); err != nil {
		t.Fatal(err)
	}
	return o
}

// measurement is what one query did for one owner.
type measurement struct {
	query    string
	asked    string // what for, where it is not an ordinary request
	tasks    int    // of the owner
	mode     string // of planning: generic, which knows no parameter, or custom, which knows them all
	plan     string // as EXPLAIN writes it
	indexes  []string
	scanned  []string // tables
	buffers  int      // of tables and indexes
	read     int      // rows, or entries of an index
	returned int      // rows, or rows written where those are more
}

// connFor gives a write a database of its own: what is rolled back still takes room.
func (w workload) connFor(t *testing.T, name string) *pgx.Conn {
	t.Helper()
	if _, statement, _ := strings.Cut(db.Statements()[name], "\n"); strings.HasPrefix(statement, "SELECT") {
		return w.reads
	}
	return connect(t, dbtest.Clone(t, w.url))
}

// measure runs a query as the server does, prepared, as todo_app and in the scope of
// its user, and takes it back.
func (w workload) measure(t *testing.T, conn *pgx.Conn, r asked, o owner, mode string) measurement {
	t.Helper()
	ctx := t.Context()
	statement, args := dbtest.Call(r.query, r.params(o))
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, settings+"; SET LOCAL plan_cache_mode = force_"+mode+"_plan; SET LOCAL ROLE todo_app; PREPARE planned AS "+statement); err != nil {
		t.Fatal(err)
	}
	defer conn.Exec(ctx, "DEALLOCATE planned")
	// What a connection reads but once, the catalog and the roots of the indexes, is
	// read for another user.
	_, others := dbtest.Call(r.query, r.params(w.other))
	explain(t, tx, "ANALYZE", w.other.id, others)
	before := counters(t, tx)
	plan := explain(t, tx, "ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF", o.id, args)
	m := measurement{query: r.query, asked: r.what, tasks: o.tasks, mode: mode, plan: stable(plan)}
	m.count(before, counters(t, tx))
	rows, _ := strconv.Atoi(returned.FindStringSubmatch(plan)[1])
	m.returned = max(m.returned, rows, 1)
	return m
}

// explain returns what EXPLAIN says of the prepared statement.
func explain(t *testing.T, tx pgx.Tx, options, user string, args []any) string {
	t.Helper()
	if _, err := tx.Exec(t.Context(), "SELECT set_config('app.user_id', $1, true)", user); err != nil {
		t.Fatal(err)
	}
	var places []string
	for i := range args {
		places = append(places, "$"+strconv.Itoa(i+1))
	}
	sql := "EXPLAIN (" + options + ") EXECUTE planned (" + strings.Join(places, ", ") + ")"
	rows, _ := tx.Query(t.Context(), sql, append([]any{pgx.QueryExecModeSimpleProtocol}, args...)...)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n") + "\n"
}

// counter is what a transaction has asked of a table or an index so far. Unlike the
// sum that EXPLAIN shows it includes what foreign keys make it ask.
type counter struct {
	Name    string
	Index   bool
	Scans   int
	Read    int
	Written int
	Buffers int
}

func counters(t *testing.T, tx pgx.Tx) []counter {
	t.Helper()
	rows, _ := tx.Query(t.Context(), `
		SELECT relname, relkind = 'i', pg_stat_get_xact_numscans(oid), pg_stat_get_xact_tuples_returned(oid),
		       pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid),
		       pg_stat_get_xact_blocks_fetched(oid)
		FROM pg_class
		WHERE relnamespace = 'public'::regnamespace
		ORDER BY relname`)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counter])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (m *measurement) count(before, after []counter) {
	for i, c := range after {
		m.buffers += c.Buffers - before[i].Buffers
		m.read += c.Read - before[i].Read
		m.returned += c.Written - before[i].Written
		switch {
		case c.Scans == before[i].Scans:
		case c.Index:
			m.indexes = append(m.indexes, c.Name)
		default:
			m.scanned = append(m.scanned, c.Name)
		}
	}
}

var (
	returned = regexp.MustCompile(`actual rows=(\d+)`) // first by the whole statement
	planning = regexp.MustCompile(`(?m)^Planning:\n( .*\n)*`)
	buffers  = regexp.MustCompile(`(?m)^( *)Buffers: (.*)\n`)
	shared   = regexp.MustCompile(`shared(?: hit=(\d+))?(?: read=(\d+))?`)
	memory   = regexp.MustCompile(`  (Memory|Disk): \d+kB`)
)

// stable leaves out of a plan what differs from run to run: planning, memory, and
// which buffers were in the cache.
func stable(plan string) string {
	plan = planning.ReplaceAllString(plan, "")
	plan = memory.ReplaceAllString(plan, "")
	return buffers.ReplaceAllStringFunc(plan, func(line string) string {
		part := buffers.FindStringSubmatch(line)
		counts := shared.FindStringSubmatch(part[2])
		if counts == nil {
			return ""
		}
		hit, _ := strconv.Atoi(counts[1])
		read, _ := strconv.Atoi(counts[2])
		return fmt.Sprintf("%sBuffers: %d\n", part[1], rounded(hit+read))
	})
}

// rounded leaves three digits of a large number of buffers. While so many are asked
// for, what other sessions do to the catalog may make this one read the root of an
// index again.
func rounded(buffers int) int {
	digit := 1
	for buffers >= 10_000 && buffers/digit >= 1000 {
		digit *= 10
	}
	return (buffers + digit/2) / digit * digit
}
