package db_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// readOnly has the sessions that begin from now on take writes or none, as those of a
// standby do.
func readOnly(t *testing.T, url string, on bool) {
	t.Helper()
	writable := dbtest.SuperuserURL(t, url) + "&default_transaction_read_only=off"
	dbtest.Exec(t, writable, fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", dbtest.Value[string](t, writable, "SELECT current_database()"), on))
}

func aTask(user string) db.CreateTaskParams {
	return db.CreateTaskParams{UserID: user, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}}
}

// TestReadOnlyDatabaseIsUnavailableForWritesUntilItTakesThem has sessions outlast the time
// in which the database was read-only, both ways.
func TestReadOnlyDatabaseIsUnavailableForWritesUntilItTakesThem(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		made := create(t, pool, aTask(alice)).Task
		readOnly(t, url, true)
		killConnections(t, url)
		if _, err := pool.CreateTask(t.Context(), aTask(alice)); !errors.Is(err, db.ErrUnavailable) || !errors.Is(err, db.ErrReadOnly) || errors.Is(err, db.ErrOutcomeUnknown) {
			t.Errorf("a write: %v", err)
		}
		if _, err := pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: made.ID}); err != nil {
			t.Errorf("a read: %v", err)
		}
		for range 2 {
			if _, err := pool.Check(t.Context()); !errors.Is(err, db.ErrUnavailable) || !errors.Is(err, db.ErrReadOnly) {
				t.Errorf("check: %v", err)
			}
		}
		readOnly(t, url, false)
		for range 5 {
			if _, err := pool.CreateTask(t.Context(), aTask(alice)); err != nil {
				t.Errorf("a write behind it: %v", err)
			}
		}
		if _, err := pool.Check(t.Context()); err != nil {
			t.Errorf("check behind it: %v", err)
		}
	})
}
