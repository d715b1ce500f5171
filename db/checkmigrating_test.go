package db_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

// TestCheckReportsAMigrationUnderWayAndPasses holds an index that is made
// CONCURRENTLY, and cuts it off.
func TestCheckReportsAMigrationUnderWayAndPasses(t *testing.T) {
	t.Parallel()
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			tn := newTenants(t, dbtest.NeonOwner, options...)
			next := latest(t) + 1
			m := migratorOf(t, migration.Config{Files: andThen(t, next,
				"CREATE INDEX CONCURRENTLY tasks_held ON tasks (user_id, completed);", "DROP INDEX CONCURRENTLY tasks_held;")}, tn.url)
			dbtest.Hold(t, tn.url, "LOCK TABLE tasks IN ROW EXCLUSIVE MODE")
			ended := make(chan error, 1)
			go func() { ended <- m.Up(t.Context()) }()
			run := dbtest.WaitForLock(t, tn.url)
			mustWork := func(when string) {
				t.Helper()
				schema, err := tn.pool.Check(t.Context())
				if schema != (db.Schema{Version: next, Dirty: true, BuiltFor: next - 1}) || err != nil {
					t.Errorf("%s: %+v, %v", when, schema, err)
				}
				if err := useOwnTasks(t.Context(), tn.pool, "carol"); err != nil {
					t.Errorf("%s: %v", when, err)
				}
			}
			mustWork("under way")
			dbtest.Exec(t, tn.super, fmt.Sprintf("SELECT pg_terminate_backend(%d)", run))
			if err := <-ended; err == nil {
				t.Error("the migration was not cut off")
			}
			mustWork("cut off")
		})
	}
}

// andThen are the real migrations and one more.
func andThen(t *testing.T, version uint, up, down string) fs.FS {
	t.Helper()
	files := fstest.MapFS{
		fmt.Sprintf("migrations/%06d_hold.up.sql", version):   {Data: []byte(up)},
		fmt.Sprintf("migrations/%06d_hold.down.sql", version): {Data: []byte(down)},
	}
	err := fs.WalkDir(todosql.Migrations, "migrations", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(todosql.Migrations, path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
