package sql_test

import (
	"strings"
	"testing"

	todosql "github.com/securetodo/securetodo/sql"
)

// TestLocksLineThatIsNotTheTruthIsReported shows what the check tells apart. No
// fault is expected where says is empty.
func TestLocksLineThatIsNotTheTruthIsReported(t *testing.T) {
	t.Parallel()
	url := databaseWithFixtures(t, todosql.LatestVersion())
	for _, c := range []struct{ name, line, sql, says string }{
		{"nothing at all", "none.", "SELECT 1", ""},
		{"grant", "none. A grant changes a row of the catalog.", "GRANT TRUNCATE ON tasks TO todo_app", ""},
		{"column", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE tasks ADD COLUMN sample text NOT NULL DEFAULT 'none'", ""},
		{"index", "tasks (SHARE; scanned, not rewritten).", "CREATE INDEX tasks_title_idx ON tasks (title)", ""},
		{"index, concurrently", "tasks (SHARE UPDATE EXCLUSIVE; scanned, not rewritten).", "CREATE INDEX CONCURRENTLY tasks_title_idx ON tasks (title)", ""},
		{"no index, concurrently", "tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten).", "DROP INDEX CONCURRENTLY tasks_title_idx", ""},
		{"two tables, one new", "samples (new table), users (SHARE ROW EXCLUSIVE; not scanned, not rewritten).", "CREATE TABLE samples (user_id text REFERENCES users)", ""},
		{"drop", "tasks (ACCESS EXCLUSIVE; dropped), users (ACCESS EXCLUSIVE; not scanned, not rewritten).", "DROP TABLE tasks", ""},
		{"backfill", "users (ROW EXCLUSIVE; scanned, not rewritten).", "UPDATE users SET email = lower(email)", ""},
		{"read", "users (ACCESS SHARE; scanned, not rewritten).", "SELECT count(*) FROM users", ""},
		{"check at once", "users (ACCESS EXCLUSIVE; scanned, not rewritten).", "ALTER TABLE users ADD CONSTRAINT users_id_short CHECK (length(id) < 256)", ""},

		{"a lock too weak", "tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE tasks ADD COLUMN sample text", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten) is the truth"},
		{"a lock too strong", "tasks (ACCESS EXCLUSIVE; scanned, not rewritten).", "ALTER TABLE tasks VALIDATE CONSTRAINT tasks_domains", "tasks (SHARE UPDATE EXCLUSIVE; not scanned"},
		{"a table too few", "samples (new table).", "CREATE TABLE samples (user_id text REFERENCES users)", "users (SHARE ROW EXCLUSIVE; not scanned, not rewritten) is the truth"},
		{"a table too many", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten), users (ACCESS SHARE; not scanned, not rewritten).", "ALTER TABLE tasks ADD COLUMN sample text", "users is in the -- Locks: line and not touched"},
		{"a rewrite", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE tasks ALTER COLUMN title TYPE varchar(255)", "tasks (ACCESS EXCLUSIVE; scanned, rewritten) is the truth"},
		{"a rewrite by a default", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE tasks ADD COLUMN at timestamptz DEFAULT clock_timestamp()", "scanned, rewritten) is the truth"},
		{"a scan", "users (ACCESS EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE users ADD CONSTRAINT users_id_short CHECK (length(id) < 256)", "users (ACCESS EXCLUSIVE; scanned, not rewritten) is the truth"},
		{"a scan for NOT NULL", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).", "ALTER TABLE tasks ALTER COLUMN priority DROP NOT NULL, ALTER COLUMN priority SET NOT NULL", "scanned, not rewritten) is the truth"},
		{"an index that is locked alone", "none.", "ALTER INDEX tasks_user_id_created_at_id_idx SET (fillfactor = 90)", "tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten) is the truth"},
		{"concurrently, as if not", "tasks (SHARE; scanned, not rewritten).", "CREATE INDEX CONCURRENTLY tasks_tags_idx ON tasks (tags)", "tasks (SHARE UPDATE EXCLUSIVE; scanned, not rewritten) is the truth"},
		{"a drop", "tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).", "DROP TABLE tasks", "tasks (ACCESS EXCLUSIVE; dropped) is the truth"},
		{"loose words", "tasks (only shortly).", "SELECT 1", "is not `none.` or like"},
		{"no full stop", "tasks (new table)", "SELECT 1", "is not `none.` or like"},
		{"an SQL error", "none.", "SELEC 1", "syntax error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := strings.Join(locksFaults(t, url, "-- Why: a test.\n-- Locks: "+c.line+"\n"+c.sql), "; ")
			if c.says == "" && faults != "" || !strings.Contains(faults, c.says) {
				t.Errorf("faults %q, want %q", faults, c.says)
			}
		})
	}
	if faults := locksFaults(t, url, "-- Why: a test.\nSELECT 1"); len(faults) != 1 {
		t.Errorf("no line at all: %q", faults)
	}
}
