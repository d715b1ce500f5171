package sql_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

// lockLevels are the table locks, each stronger than the one before, as pg_locks
// and as the manual writes them.
var lockLevels = []struct{ mode, name string }{
	{"AccessShareLock", "ACCESS SHARE"},
	{"RowShareLock", "ROW SHARE"},
	{"RowExclusiveLock", "ROW EXCLUSIVE"},
	{"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"},
	{"ShareLock", "SHARE"},
	{"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"},
	{"ExclusiveLock", "EXCLUSIVE"},
	{"AccessExclusiveLock", "ACCESS EXCLUSIVE"},
}

// effects are what a migration does to tables: by name, the words that its Locks
// line has in the parentheses.
type effects map[string]string

var (
	locksLine  = regexp.MustCompile(`(?m)^-- Locks: *((?:.*\n)(?:-- .*\n)*)`)
	locksTable = regexp.MustCompile(`^(\w+) \((new table|[A-Z ]+; (?:dropped|(?:not )?scanned, (?:not )?rewritten))\)(, |\.(?: |$))`)
)

// locksText is what the line of a file says, on one line, "" for no line.
func locksText(sql string) string {
	line := locksLine.FindStringSubmatch(sql)
	if line == nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(line[1], "\n--", "\n")), " ")
}

// statedEffects reads the line of a file:
//
//	-- Locks: none.
//	-- Locks: tasks (new table), users (SHARE ROW EXCLUSIVE; not scanned, not rewritten).
//	-- Locks: tasks (ACCESS EXCLUSIVE; dropped). What stands behind the full stop is free.
func statedEffects(sql string) (effects, error) {
	rest := locksText(sql)
	if rest == "" {
		return nil, errors.New("has no -- Locks: line")
	}
	stated := effects{}
	if rest == "none." || strings.HasPrefix(rest, "none. ") {
		return stated, nil
	}
	for {
		match := locksTable.FindStringSubmatch(rest)
		if match == nil {
			return nil, fmt.Errorf("its -- Locks: line is not `none.` or like `tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).` from %q on", rest)
		}
		stated[match[1]] = match[2]
		if match[3] != ", " {
			return stated, nil
		}
		rest = rest[len(match[0]):]
	}
}

// relation is a table, or one of its indexes or its TOAST table.
type relation struct {
	ID, Table uint32
	Name      string // of the table
	Filenode  uint32 // changes when it is rewritten
	Scans     int64  // of any kind
}

// relations reads nothing but the catalogs, so it locks no table.
const relations = `
SELECT member.id, pg_class.oid, pg_class.relname, COALESCE(pg_relation_filenode(member.id), 0), pg_stat_get_%snumscans(member.id)
FROM pg_class
CROSS JOIN LATERAL (
  SELECT pg_class.oid
  UNION ALL SELECT reltoastrelid
  UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = pg_class.oid
) AS member (id)
WHERE relkind IN ('r', 'p')
  AND relnamespace = 'public'::regnamespace
  AND member.id <> 0`

const heldLocks = `
SELECT relation, mode
FROM pg_locks
WHERE pid = $1
  AND locktype = 'relation'
  AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

type heldLock struct {
	Relation uint32
	Mode     string
}

func collect[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// observedEffects runs a file and says what it did. The transaction of a file that
// can be in one is rolled back.
func observedEffects(t *testing.T, url, sql string) (effects, error) {
	t.Helper()
	// A connection that has run nothing yet has no scans of its own to tell apart.
	conn := connect(t, url)
	if isConcurrent(sql) {
		return observeConcurrently(t, conn, url, sql)
	}
	ctx := t.Context()
	before, err := collect[relation](ctx, conn, fmt.Sprintf(relations, "xact_"))
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "BEGIN;"+sql); err != nil {
		return nil, err
	}
	locks, err := collect[heldLock](ctx, conn, heldLocks, conn.PgConn().PID())
	if err != nil {
		return nil, err
	}
	after, err := collect[relation](ctx, conn, fmt.Sprintf(relations, "xact_"))
	if err != nil {
		return nil, err
	}
	return effectsOf(before, after, locks), nil
}

// observeConcurrently looks from outside, at the moment when the statement waits
// for a transaction that may write to every table.
func observeConcurrently(t *testing.T, conn *pgx.Conn, url, sql string) (effects, error) {
	t.Helper()
	ctx := t.Context()
	writer, watcher := connect(t, dbtest.SuperuserURL(t, url)), connect(t, dbtest.SuperuserURL(t, url))
	before, err := collect[relation](ctx, watcher, fmt.Sprintf(relations, ""))
	if err != nil {
		return nil, err
	}
	tables := map[string]bool{}
	for _, r := range before {
		tables[pgx.Identifier{r.Name}.Sanitize()] = true
	}
	all := strings.Join(slices.Collect(maps.Keys(tables)), ", ")
	if _, err := writer.Exec(ctx, "BEGIN; LOCK TABLE "+all+" IN ROW EXCLUSIVE MODE"); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, sql)
		ended <- err
	}()
	for waits := false; !waits; {
		select {
		case err := <-ended:
			return nil, errors.Join(errors.New("what runs CONCURRENTLY did not wait for a writer, so its locks were not seen: observe it in another way"), err)
		case <-time.After(5 * time.Millisecond):
		}
		if err := watcher.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)", conn.PgConn().PID()).Scan(&waits); err != nil {
			return nil, err
		}
	}
	locks, err := collect[heldLock](ctx, watcher, heldLocks, conn.PgConn().PID())
	if err != nil {
		return nil, err
	}
	if _, err := writer.Exec(ctx, "ROLLBACK"); err != nil {
		return nil, err
	}
	if err := <-ended; err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_stat_force_next_flush()"); err != nil {
		return nil, err
	}
	after, err := collect[relation](ctx, connect(t, url), fmt.Sprintf(relations, ""))
	if err != nil {
		return nil, err
	}
	for i := range after {
		for _, r := range before {
			if r.ID == after[i].ID {
				after[i].Scans -= r.Scans
			}
		}
	}
	return effectsOf(before, after, locks), nil
}

// idle is what GRANT does since PostgreSQL 18, and did not before. A line does not name
// a lock that every SELECT takes unless rows are read.
const idle = "ACCESS SHARE; not scanned, not rewritten"

// effectsOf counts what was done to an index or a TOAST table as done to its table.
func effectsOf(before, after []relation, locks []heldLock) effects {
	found, names, table := effects{}, map[uint32]string{}, map[uint32]uint32{}
	for _, r := range before {
		names[r.Table], table[r.ID] = r.Name, r.Table
	}
	strongest := map[uint32]int{}
	for _, lock := range locks {
		level := slices.IndexFunc(lockLevels, func(l struct{ mode, name string }) bool { return l.mode == lock.Mode })
		if id := table[lock.Relation]; id != 0 {
			strongest[id] = max(strongest[id], level+1)
		}
	}
	for id, level := range strongest {
		fate, scanned, rewritten := "dropped", "not scanned", "not rewritten"
		for _, now := range after {
			if now.Table != id {
				continue
			}
			fate = ""
			if now.Scans > 0 {
				scanned = "scanned"
			}
			if slices.ContainsFunc(before, func(was relation) bool {
				return was.ID == id && now.ID == id && was.Filenode != now.Filenode
			}) {
				rewritten = "rewritten"
			}
		}
		if fate == "" {
			fate = scanned + ", " + rewritten
		}
		if text := lockLevels[level-1].name + "; " + fate; text != idle {
			found[names[id]] = text
		}
	}
	for _, r := range after {
		if names[r.Table] == "" {
			found[r.Name] = "new table"
		}
	}
	return found
}

// locksFaults are where the line of a file is not the truth.
func locksFaults(t *testing.T, url, sql string) []string {
	t.Helper()
	stated, err := statedEffects(sql)
	if err != nil {
		return []string{err.Error()}
	}
	observed, err := observedEffects(t, url, sql)
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	for _, table := range slices.Sorted(maps.Keys(observed)) {
		if stated[table] != observed[table] {
			faults = append(faults, fmt.Sprintf("%s (%s) is the truth, and the -- Locks: line says %q", table, observed[table], stated[table]))
		}
	}
	for _, table := range slices.Sorted(maps.Keys(stated)) {
		if observed[table] == "" {
			faults = append(faults, fmt.Sprintf("%s is in the -- Locks: line and not touched", table))
		}
	}
	return faults
}

// TestLocksLineIsTheTruth runs each file on data that the versions before it left.
func TestLocksLineIsTheTruth(t *testing.T) {
	t.Parallel()
	for version := uint(1); version <= todosql.LatestVersion(); version++ {
		for direction, at := range map[string]uint{"up": version - 1, "down": version} {
			file := migrationFile(t, version, direction)
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				for _, fault := range locksFaults(t, databaseWithFixtures(t, at), readFile(t, file)) {
					t.Error(fault)
				}
			})
		}
	}
}
