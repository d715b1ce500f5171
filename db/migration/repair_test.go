package migration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestUpAndStatusSayWhatTheSchemaHasLost(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	m := open(t, url)
	if statements, err := m.Repair(t.Context()); err != nil || len(statements) > 0 {
		t.Fatalf("%q, %v", statements, err)
	}
	dbtest.Exec(t, url, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM todo_app; DROP POLICY tasks_select ON tasks; ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
	mustFail(t, m.Up(t.Context()), migration.Damaged, "`todo migrate repair`")
	status, err := m.Status(t.Context())
	mustFail(t, err, migration.Damaged, "GRANT SELECT ON TABLE public.schema_migrations TO todo_app; ")
	if status == nil || status.Pending() != 0 {
		t.Errorf("%+v", status)
	}
	printed, err := m.Repair(t.Context())
	if err != nil || len(printed) != 7 { // four tables, FORCE, the policy, its comment
		t.Errorf("%q, %v", printed, err)
	}
	applied, err := m.ApplyRepair(t.Context())
	if err != nil || !slices.Equal(applied, printed) {
		t.Errorf("%q, %v; want %q", applied, err, printed)
	}
	if applied, err := m.ApplyRepair(t.Context()); err != nil || len(applied) > 0 {
		t.Errorf("again: %q, %v", applied, err)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := dbtest.Pool(t, url).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRepairKnowsOnlyTheVersionOfItsProgram(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	m := open(t, url)
	if err := m.Down(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	_, err := m.Repair(t.Context())
	mustFail(t, err, migration.Refused, "`todo migrate up`")
	dbtest.Exec(t, url, "UPDATE schema_migrations SET version = 999")
	_, err = m.ApplyRepair(t.Context())
	mustFail(t, err, migration.Newer, "999")
	dbtest.Exec(t, url, "UPDATE schema_migrations SET dirty = true, version = 3")
	_, err = m.Repair(t.Context())
	mustFail(t, err, migration.Dirty, "dirty")
	if _, err := openNotes(t, dbtest.NewEmpty(t, dbtest.NeonOwner)).Repair(t.Context()); err == nil {
		t.Error("an empty database can be repaired")
	}
}

func TestRepairSaysWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, "ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY")
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'reader_' || current_database()")
	dbtest.Exec(t, super, "CREATE ROLE "+login+" LOGIN PASSWORD 'reader'; GRANT SELECT ON schema_migrations, schema_migration_log TO "+login)
	t.Cleanup(func() { dbtest.Exec(t, super, "DROP OWNED BY "+login+"; DROP ROLE "+login) })
	_, err := open(t, dbtest.As(t, url, login, "reader")).ApplyRepair(t.Context())
	mustFail(t, err, migration.Refused, "owns the tables")
	dbtest.Hold(t, url, "LOCK TABLE tasks IN ACCESS SHARE MODE")
	_, err = open(t, url).ApplyRepair(t.Context())
	mustFail(t, err, migration.Blocked, "run the command again")
	if strings.Contains(err.Error(), "dirty") {
		t.Errorf("%v", err)
	}
}
