package migration_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

// blocked are two migrations, the second of which does not wait long for a lock.
var blocked = files(
	"CREATE TABLE notes (n integer);", "DROP TABLE notes;",
	"SET LOCAL lock_timeout = '50ms'; ALTER TABLE notes ADD COLUMN t text;", "SET LOCAL lock_timeout = '50ms'; ALTER TABLE notes DROP COLUMN t;")

// held is where a run says that it waits: there it waits for the test, too, once.
type held struct {
	text       strings.Builder
	waits      chan struct{}
	goOn       chan struct{}
	firstWrite sync.Once
}

func newHeld() *held { return &held{waits: make(chan struct{}), goOn: make(chan struct{})} }

func (h *held) Write(line []byte) (int, error) {
	n, err := h.text.Write(line)
	h.firstWrite.Do(func() { close(h.waits); <-h.goOn })
	return n, err
}

func TestUpGoesOnWhenTheLockInItsWayIsGone(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]func(context.Context, *migration.Runner) error{"up": up, "down": down} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			said := newHeld()
			m := openWith(t, url, migration.Config{Files: blocked, Progress: said})
			from, to := uint(1), uint(2)
			if name == "down" {
				from, to = to, from
			}
			if err := m.Goto(t.Context(), from); err != nil {
				t.Fatal(err)
			}
			release := dbtest.Hold(t, url, "LOCK TABLE notes IN ACCESS SHARE MODE") // as a report does
			ended := make(chan error, 1)
			go func() { ended <- command(t.Context(), m) }()
			<-said.waits
			mustBeAt(t, openNotes(t, url), from) // and clean: a kill here leaves nothing to recover
			release()
			close(said.goOn)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, to)
			if !strings.Contains(said.text.String(), "has a lock on notes, in a transaction since 2") {
				t.Errorf("%s", said.text.String())
			}
		})
	}
}

func TestUpEndsCleanWhereALockStaysInItsWay(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openWith(t, url, migration.Config{Files: blocked, LockWait: 10 * time.Millisecond})
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	release := dbtest.Hold(t, url, "LOCK TABLE notes IN ACCESS SHARE MODE")
	err := m.Up(t.Context())
	mustFail(t, err, migration.Blocked, "has a lock on notes, in a transaction since 2")
	mustFail(t, err, migration.Blocked, "--lock-wait")
	mustBeAt(t, m, 1)
	if status, err := m.Status(t.Context()); err != nil || status.Dirty {
		t.Errorf("%+v, %v", status, err)
	}
	release()
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 2)
}

// TestUpStopsBetweenTwoTries interrupts where nothing is being run.
func TestUpStopsBetweenTwoTries(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	said := newHeld()
	m := openWith(t, url, migration.Config{Files: blocked, Progress: said, LockWait: time.Hour})
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	dbtest.Hold(t, url, "LOCK TABLE notes IN ACCESS SHARE MODE")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	go func() { ended <- m.Up(ctx) }()
	<-said.waits
	interrupt()
	close(said.goOn)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	mustBeAt(t, m, 1)
}

func TestUpTakesItsVersionBackWhereAFileIsRolledBackForOthers(t *testing.T) {
	t.Parallel()
	for code, again := range map[string]bool{"deadlock_detected": true, "serialization_failure": true, "lock_not_available": true, "query_canceled": false} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			// A sequence is not rolled back, so that it counts the tries.
			dbtest.Exec(t, url, "CREATE SEQUENCE tries")
			text := fmt.Sprintf("CREATE TABLE notes (); DO $$ BEGIN IF nextval('tries') < 2 THEN RAISE EXCEPTION USING ERRCODE = '%s'; END IF; END $$;", code)
			m := openWith(t, url, migration.Config{Files: files(text, "DROP TABLE notes;")})
			err := m.Up(t.Context())
			if again {
				if err != nil {
					t.Fatal(err)
				}
				mustBeAt(t, m, 1)
				return
			}
			mustFail(t, err, migration.Blocked, "statement_timeout")
			mustBeAt(t, m, 0)
			if err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			mustBeAt(t, m, 1)
		})
	}
}

// TestUpTriesAgainWhatItsCommitRefuses has a constraint that is looked at only then.
func TestUpTriesAgainWhatItsCommitRefuses(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "CREATE SEQUENCE tries")
	m := openWith(t, url, migration.Config{Files: files(`
		CREATE TABLE notes (n integer);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		  IF nextval('tries') < 2 THEN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END IF;
		  RETURN NULL;
		END $$;
		CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
		INSERT INTO notes VALUES (1);`, "DROP TABLE notes;")})
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, m, 1)
}

// TestUpSaysWhatALockOnTheVersionLeft has a session that gives up a wait for it soon.
func TestUpSaysWhatALockOnTheVersionLeft(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openWith(t, url, migration.Config{LockWait: 10 * time.Millisecond, Files: files(
		"SET lock_timeout = '20ms'; CREATE TABLE notes (n integer);", "DROP TABLE notes;",
		"SET LOCAL lock_timeout = '1min'; ALTER TABLE notes ADD COLUMN t text;", "ALTER TABLE notes DROP COLUMN t;")})
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	release := dbtest.Hold(t, url, "LOCK TABLE schema_migrations IN SHARE MODE")
	mustFail(t, m.Up(t.Context()), migration.Blocked, "nothing was changed")
	mustBeAt(t, m, 1)
	release()

	releaseFile := dbtest.Hold(t, url, "LOCK TABLE notes IN ACCESS SHARE MODE")
	ended := make(chan error, 1)
	go func() { ended <- m.Up(t.Context()) }()
	dbtest.WaitForLock(t, url)
	dbtest.Hold(t, url, "LOCK TABLE schema_migrations IN SHARE MODE")
	releaseFile()
	mustFail(t, <-ended, migration.Dirty, "had been committed. Run `todo migrate force 2`")
}

func TestUpSaysThatItsLockWasLostMeanwhile(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openWith(t, url, migration.Config{Files: files("CREATE TABLE notes (); SELECT pg_advisory_unlock_all();", "DROP TABLE notes;")})
	if err := m.Up(t.Context()); err == nil || !strings.Contains(err.Error(), "lost its advisory lock") {
		t.Errorf("%v", err)
	}
	mustBeAt(t, m, 1)
}
