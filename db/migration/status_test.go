package migration_test

import (
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestStatusAndPlanSayWhatIsAndWhatWouldBe(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openNotes(t, url)
	plan, err := m.Plan(t.Context())
	if err != nil || len(plan) != 3 || plan[0].Locks != "notes (whatever)." {
		t.Errorf("%+v, %v", plan, err)
	}
	if dbtest.Value[bool](t, url, "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)") {
		t.Error("plan wrote")
	}
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	status, err := m.Status(t.Context())
	if err != nil || status.Version != 1 || status.Latest != 3 || len(status.Migrations) != 3 {
		t.Fatalf("%+v, %v", status, err)
	}
	if first := status.Migrations[0]; !first.Applied || first.AppliedAt == nil || time.Since(*first.AppliedAt).Abs() > time.Minute {
		t.Errorf("%+v", first)
	}
	if second := status.Migrations[1]; second.Applied || second.AppliedAt != nil {
		t.Errorf("%+v", second)
	}
	dbtest.Exec(t, url, "UPDATE schema_migrations SET version = 999")
	_, err = m.Status(t.Context())
	mustFail(t, err, migration.Newer, "999")
	_, err = m.Plan(t.Context())
	mustFail(t, err, migration.Newer, "999")
	mustFail(t, m.Up(t.Context()), migration.Newer, "999")
	mustFail(t, m.Down(t.Context(), 1), migration.Newer, "999")
	mustFail(t, m.Goto(t.Context(), 1), migration.Newer, "999")
	mustFail(t, m.Force(t.Context(), 1), migration.Newer, "999")
}

func TestStatusNamesAnInvalidIndexWithItsDrop(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := openNotes(t, url)
	if err := m.Goto(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	killed(t, url, "LOCK TABLE notes IN ROW EXCLUSIVE MODE", false, up)
	status, err := m.Status(t.Context())
	mustFail(t, err, migration.Dirty, "`DROP INDEX CONCURRENTLY notes_n`")
	if len(status.InvalidIndexes) != 1 || status.InvalidIndexes[0].Drop != "DROP INDEX CONCURRENTLY notes_n" {
		t.Errorf("%+v", status.InvalidIndexes)
	}
}
