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
	return hold(t, databaseURL, "LOCK TABLE "+pgx.Identifier{table}.Sanitize())
}

// LockRows keeps everybody from changing rows until release is called or the test
// ends.
func LockRows(t testing.TB, databaseURL, table, where string) (release func()) {
	t.Helper()
	return hold(t, databaseURL, "SELECT FROM "+pgx.Identifier{table}.Sanitize()+" WHERE "+where+" FOR UPDATE")
}

func hold(t testing.TB, databaseURL, lock string) (release func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "BEGIN; "+lock); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	t.Cleanup(release)
	return release
}

// WaitForLock returns when somebody waits for a lock in the database.
func WaitForLock(t testing.TB, databaseURL string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if Value[bool](t, databaseURL, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND (locktype = 'transactionid' OR database = (SELECT oid FROM pg_database WHERE datname = current_database())))") {
			return
		}
	}
	t.Fatal("nobody waits for a lock")
}
