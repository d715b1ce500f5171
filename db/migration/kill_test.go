package migration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func up(ctx context.Context, m *migration.Runner) error { return m.Up(ctx) }

func down(ctx context.Context, m *migration.Runner) error { return m.Down(ctx, 1) }

// killed runs a migration command, which SQL held by another session stops in its
// file, or, with committed, after it, and kills it there.
func killed(t *testing.T, url, held string, committed bool, command func(context.Context, *migration.Runner) error) {
	t.Helper()
	m := openNotes(t, url)
	release := dbtest.Hold(t, url, held)
	ended := make(chan error, 1)
	go func() { ended <- command(t.Context(), m) }()
	pid := dbtest.WaitForLock(t, url)
	if committed {
		inFile := release
		release = dbtest.Hold(t, url, "LOCK TABLE schema_migrations IN SHARE MODE")
		inFile()
		waitForTheMark(t, url)
	}
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid))
	mustFail(t, <-ended, migration.Unreachable, "todo migrate status")
	release()
	// Its session holds the lock until it has ended.
	const locked = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
	for deadline := time.Now().Add(10 * time.Second); dbtest.Value[bool](t, url, locked); {
		if time.Now().After(deadline) {
			t.Fatal("the killed run keeps its lock")
		}
	}
}

// waitForTheMark returns when a run is about to mark its version clean.
func waitForTheMark(t *testing.T, url string) {
	t.Helper()
	const waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'schema_migrations'::regclass)"
	for deadline := time.Now().Add(10 * time.Second); !dbtest.Value[bool](t, url, waits); {
		if time.Now().After(deadline) {
			t.Fatal("no run waits")
		}
	}
}

func mustBeWhole(t *testing.T, m *migration.Runner, url string) {
	t.Helper()
	if rows := dbtest.Value[int](t, url, "SELECT count(t) + count(*) FROM notes"); rows != 1000 {
		t.Errorf("%d rows of 1000", rows)
	}
	if !dbtest.Value[bool](t, url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_n'::regclass") {
		t.Error("the index is INVALID")
	}
	if status, err := m.Status(t.Context()); err != nil || len(status.InvalidIndexes) != 0 {
		t.Errorf("%+v, %v", status, err)
	}
}
