package db_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// makeMany makes tasks of Alice's with random ids, and as many tombstones.
func makeMany(t *testing.T, url string, tasks int) {
	t.Helper()
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf(`
		INSERT INTO users (id) VALUES ('alice') ON CONFLICT DO NOTHING;
		INSERT INTO tasks (user_id, id, title, completed, version) SELECT 'alice', gen_random_uuid(), 'Task ' || n, false, 1 FROM generate_series(1, %[1]d) AS n;
		INSERT INTO deleted_tasks (user_id, id, version) SELECT 'alice', gen_random_uuid(), 1 FROM generate_series(1, %[1]d) AS n;
		ANALYZE`, tasks))
}

// untilComplete repeats an operation that the time for one request does not suffice for,
// and counts the tasks of all of them.
func untilComplete(t *testing.T, do func() (int64, error)) (total int64) {
	t.Helper()
	for {
		n, err := do()
		total += n
		if _, incomplete := errors.AsType[*db.IncompleteError](err); incomplete && n > 0 {
			continue
		}
		if err != nil {
			t.Error(err)
		}
		return total
	}
}

// TestBulk has more tasks than one statement could change in its time: each step is a
// transaction of its own.
func TestBulk(t *testing.T) {
	t.Parallel()
	many := dbtest.Scale(25_000, 100_000)
	steps := (many + 9_999) / 10_000
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	makeMany(t, url, many)
	create(t, pool, db.CreateTaskParams{UserID: bob, Title: "bob's", Priority: "low", Tags: []string{}})

	complete := db.CompleteTasksParams{UserID: alice, SetCompleted: true, Tags: []string{}}
	for want := int64(many); want >= 0; want -= int64(many) {
		if n := untilComplete(t, func() (int64, error) { return pool.CompleteTasks(t.Context(), complete) }); n != want {
			t.Errorf("completed %d of %d", n, want)
		}
	}
	if n := dbtest.Value[int](t, url, "SELECT count(DISTINCT version) FROM tasks WHERE user_id = 'alice' AND completed"); n != steps {
		t.Errorf("%d steps, want %d", n, steps)
	}
	clearing := db.ClearTasksParams{UserID: alice, Completed: new(true), Tags: []string{}}
	for want := int64(many); want >= 0; want -= int64(many) {
		if n := untilComplete(t, func() (int64, error) { return pool.ClearTasks(t.Context(), clearing) }); n != want {
			t.Errorf("cleared %d of %d", n, want)
		}
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM deleted_tasks"); n != many {
		t.Errorf("%d tombstones", n) // and those that makeMany made are older than 90 days
	}
	makeMany(t, url, many)
	untilComplete(t, func() (int64, error) {
		err := pool.EraseAccount(t.Context(), alice)
		incomplete, _ := errors.AsType[*db.IncompleteError](err)
		if incomplete != nil {
			return incomplete.Done, err
		}
		return 0, err
	})
	left := dbtest.Value[string](t, url, "SELECT concat_ws(' ', (SELECT count(*) FROM users), (SELECT count(*) FROM tasks), (SELECT count(*) FROM deleted_tasks))")
	if left != "1 1 0" {
		t.Errorf("users, tasks and tombstones left, with Bob's: %s", left)
	}
}

// TestBulkThatBreaksOffIsDoneByTheSameAgain has the second step fail.
func TestBulkThatBreaksOffIsDoneByTheSameAgain(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*db.Pool) (int64, error){
		"complete": func(pool *db.Pool) (int64, error) {
			return pool.CompleteTasks(t.Context(), db.CompleteTasksParams{UserID: alice, SetCompleted: true, Tags: []string{}})
		},
		"clear": func(pool *db.Pool) (int64, error) {
			return pool.ClearTasks(t.Context(), db.ClearTasksParams{UserID: alice, Tags: []string{}})
		},
	} {
		url := dbtest.New(t, dbtest.NeonOwner)
		pool := dbtest.Pool(t, url)
		makeMany(t, url, 12_000)
		dbtest.Exec(t, url, `
			CREATE SEQUENCE failures;
			CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
			$$ BEGIN IF nextval('failures') = 11000 THEN RAISE EXCEPTION 'took too long' USING ERRCODE = '57014'; END IF; RETURN COALESCE(new, old); END $$;
			CREATE TRIGGER fail BEFORE UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION fail()`)
		n, err := do(pool)
		incomplete, ok := errors.AsType[*db.IncompleteError](err)
		if !ok || incomplete.Done != 10_000 || n != 10_000 || !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if n, err := do(pool); err != nil || n != 2_000 {
			t.Errorf("%s again: %d, %v", name, n, err)
		}
	}
}

// TestEraseAccountThatBreaksOffExpiresCursors has the change feed tell followers to begin
// again where tasks went without a tombstone.
func TestEraseAccountThatBreaksOffExpiresCursors(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	makeMany(t, url, 12_000)
	before, err := pool.Changes(t.Context(), alice, db.Place{}, db.Place{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	row, err := pool.As(alice).EmptyAccount(t.Context(), db.EmptyAccountParams{UserID: alice})
	if err != nil || row.Tasks != 10_000 || row.Tombstones != 10_000 {
		t.Errorf("%+v, %v", row, err)
	}
	after, err := pool.Changes(t.Context(), alice, db.Place{}, db.Place{}, 1)
	if err != nil || after.Counter.ForgottenVersion <= before.Counter.Version || after.Counter.ForgottenVersion != after.Counter.Version {
		t.Errorf("%+v, then %+v, %v", before.Counter, after.Counter, err)
	}
}

// TestEraseAccountOfTombstonesThatBreaksOffIsIncomplete has an account without a task:
// what was done already is not nothing.
func TestEraseAccountOfTombstonesThatBreaksOffIsIncomplete(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	pool := dbtest.Pool(t, url)
	makeMany(t, url, 12_000)
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "DELETE FROM tasks")
	dbtest.Exec(t, url, `
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'took too long' USING ERRCODE = '57014'; END $$;
		CREATE TRIGGER fail BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION fail()`)
	incomplete, ok := errors.AsType[*db.IncompleteError](pool.EraseAccount(t.Context(), alice))
	if left := dbtest.Value[int](t, dbtest.SuperuserURL(t, url), "SELECT count(*) FROM deleted_tasks"); !ok || incomplete.Done != 0 || left != 2_000 {
		t.Errorf("%v with %d tombstones left", incomplete, left)
	}
}
