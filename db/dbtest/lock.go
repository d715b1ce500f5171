package dbtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Lock keeps everybody from a table until release is called or the test ends.
func Lock(t testing.TB, databaseURL, table string) (release func()) {
	t.Helper()
	return Hold(t, databaseURL, "LOCK TABLE "+pgx.Identifier{table}.Sanitize())
}

// LockRows keeps everybody from changing rows until release is called or the test
// ends.
func LockRows(t testing.TB, databaseURL, table, where string) (release func()) {
	t.Helper()
	return Hold(t, databaseURL, "SELECT FROM "+pgx.Identifier{table}.Sanitize()+" WHERE "+where+" FOR UPDATE")
}

// Hold runs SQL in a transaction that stays open until release is called or the test
// ends, and is rolled back then.
func Hold(t testing.TB, databaseURL, sql string) (release func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "BEGIN; "+sql); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	t.Cleanup(release)
	return release
}

// waiting looks a session's database up because the lock it waits for may be of none:
// that on a transaction, for whose end a row's writer or CREATE INDEX CONCURRENTLY
// waits.
const waiting = "SELECT COALESCE(min(pid), 0) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"

// WaitForLock returns when a session in the database waits for a lock, with the id of
// its process.
func WaitForLock(t testing.TB, databaseURL string) (pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if pid = Value[int](t, databaseURL, waiting); pid != 0 {
			return pid
		}
	}
	t.Fatal("nobody waits for a lock")
	return 0
}
