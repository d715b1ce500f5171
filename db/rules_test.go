package db_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// failing has a change of tasks fail once, with a SQLSTATE. A sequence does not take back
// what it gave when a transaction is rolled back.
const failing = `
	CREATE SEQUENCE failures;
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
	$$ BEGIN IF nextval('failures') = 1 THEN RAISE EXCEPTION 'failed on purpose' USING ERRCODE = TG_ARGV[0]; END IF; RETURN new; END $$;
	CREATE TRIGGER fail BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION fail`

// meeting is a task of Alice's, and what is about to toggle it.
type meeting struct {
	url   string // of the database
	proxy *dbtest.Proxy
	task  db.Task
	pool  *db.Pool
}

// toggle reports how often the task was toggled.
func (m meeting) toggle(t *testing.T) {
	t.Helper()
	row, err := m.pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID})
	if err != nil || row.Task.Completed == m.task.Completed || row.Task.Version == m.task.Version {
		t.Errorf("toggled %+v: %+v, %v", m.task, row, err)
	}
	stored, err := m.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: m.task.ID})
	if err != nil || stored.Version != row.Task.Version {
		t.Errorf("%+v is stored as %+v, %v", row, stored, err)
	}
}

// provoke has something for each rule that is in a toggle's way, which must not be
// toggled twice.
var provoke = map[string]func(t *testing.T, m meeting){
	"no connection": func(t *testing.T, m meeting) {
		m.pool = dbtest.Pool(t, m.proxy.URL)
		m.proxy.Refuse(3)
		m.toggle(t)
	},
	"not sent": func(t *testing.T, m meeting) {
		for _, kill := range []func(){m.proxy.LoseRequest, m.proxy.LoseAnswer} {
			// Another query has made the connection. This one is yet to be prepared.
			pool := dbtest.Pool(t, m.proxy.URL+"&pool_max_conns=1")
			if _, err := pool.As(alice).GetUser(t.Context(), db.GetUserParams{UserID: alice}); err != nil {
				t.Fatal(err)
			}
			kill()
			if _, err := pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID}); err != nil || !m.proxy.Lost() {
				t.Error(err)
			}
		}
		if task, err := m.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: m.task.ID}); err != nil || task.Completed != m.task.Completed {
			t.Errorf("toggled twice: %+v, %v", task, err)
		}
	},
	"terminated before the answer": func(t *testing.T, m meeting) {
		release := dbtest.LockRows(t, m.url, "users", "true")
		done := make(chan bool)
		go func() { m.toggle(t); close(done) }()
		dbtest.Value[bool](t, dbtest.SuperuserURL(t, m.url), "SELECT pg_terminate_backend($1)", dbtest.WaitForLock(t, m.url))
		release()
		<-done
		killConnections(t, m.url)
		m.task.Completed = !m.task.Completed
		m.toggle(t)
	},
	"not serializable": func(t *testing.T, m meeting) {
		dbtest.Exec(t, m.url, "DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$")
		m.pool = dbtest.Pool(t, m.url)
		writer := connect(t, m.url)
		if _, err := writer.Exec(t.Context(), "BEGIN; UPDATE users SET version = version + 1"); err != nil {
			t.Fatal(err)
		}
		done := make(chan bool)
		go func() { m.toggle(t); close(done) }()
		dbtest.WaitForLock(t, m.url)
		if _, err := writer.Exec(t.Context(), "COMMIT"); err != nil {
			t.Fatal(err)
		}
		<-done
	},
	"read-only": func(t *testing.T, m meeting) {
		readOnly(t, m.url, true)
		m.pool = dbtest.Pool(t, m.proxy.URL+"&pool_max_conns=1")
		if err := m.pool.Warm(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		readOnly(t, m.url, false)
		m.toggle(t)
	},
	"deadlock":     failsWith("40P01"),
	"owner erased": failsWith("23503"),
	"overtaken": func(t *testing.T, m meeting) {
		writer := connect(t, m.url)
		if _, err := writer.Exec(t.Context(), "BEGIN; UPDATE users SET version = version + 1"); err != nil {
			t.Fatal(err)
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			row, err := m.pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID, IfMatch: []int64{m.task.Version}})
			if err != nil || !row.Matched || row.Overtaken || !row.Task.Completed {
				t.Errorf("%+v, %v", row, err)
			}
		}()
		dbtest.WaitForLock(t, m.url)
		if _, err := writer.Exec(t.Context(), "COMMIT"); err != nil {
			t.Fatal(err)
		}
		<-done
	},
	"older than its result": func(t *testing.T, m meeting) {
		dbtest.Exec(t, m.url, "ALTER TABLE tasks ALTER description TYPE varchar(2000)")
		m.toggle(t)
	},
	"on another connection": func(t *testing.T, m meeting) {
		for _, state := range []string{"26000", "42P05"} {
			failsWith(state)(t, m)
			dbtest.Exec(t, m.url, "DROP FUNCTION fail CASCADE; DROP SEQUENCE failures")
			m.task.Completed = !m.task.Completed
		}
	},
	"answer lost": func(t *testing.T, m meeting) {
		for done, lose := range []func(){m.proxy.LoseRequest, m.proxy.LoseAnswer} {
			if _, err := m.pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID, Completed: new(false)}); err != nil {
				t.Fatal(err) // the connection is to know the statement
			}
			lose()
			_, err := m.pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID})
			if !errors.Is(err, db.ErrOutcomeUnknown) || errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%v", err)
			}
			if task, err := m.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: m.task.ID}); err != nil || task.Completed != (done == 1) {
				t.Errorf("%+v, %v", task, err)
			}
		}
	},
}

func failsWith(state string) func(*testing.T, meeting) {
	return func(t *testing.T, m meeting) {
		dbtest.Exec(t, m.url, failing+"('"+state+"')")
		m.toggle(t)
		if n := dbtest.Value[int](t, m.url, "SELECT last_value::int FROM failures"); n != 2 {
			t.Errorf("%d tries", n)
		}
	}
}

func TestRetryTogglesOnceWhateverFails(t *testing.T) {
	t.Parallel()
	for _, name := range db.Rules() {
		if provoke[name] == nil {
			t.Errorf("nothing provokes %q", name)
		}
	}
	for name, test := range provoke {
		if !slices.Contains(db.Rules(), name) {
			t.Errorf("there is no rule %q", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := meeting{url: dbtest.New(t, dbtest.NeonOwner)}
			m.proxy = dbtest.NewProxy(t, m.url)
			m.pool = dbtest.Pool(t, m.proxy.URL+"&pool_max_conns=1")
			m.task = create(t, m.pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: "a", Priority: "low", Tags: []string{}}).Task
			for range 2 { // prepares what toggles
				if _, err := m.pool.CompleteTask(t.Context(), db.CompleteTaskParams{UserID: alice, ID: m.task.ID}); err != nil {
					t.Fatal(err)
				}
			}
			task, err := m.pool.As(alice).GetTask(t.Context(), db.GetTaskParams{UserID: alice, ID: m.task.ID})
			if err != nil || task.Completed {
				t.Fatal(err)
			}
			m.task = task
			test(t, m)
		})
	}
}
