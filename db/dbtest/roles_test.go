package dbtest_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

// TestNeonOwnerMayMigrateAfterASuperuser is what tests of both logins do that run at
// once: since PostgreSQL 16 a role that one login made is not another's to grant.
func TestNeonOwnerMayMigrateAfterASuperuser(t *testing.T) {
	for _, login := range []dbtest.Login{dbtest.Superuser, dbtest.NeonOwner} {
		m, err := migration.Open(t.Context(), dbtest.NewEmpty(t, login), migration.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Up(t.Context()); err != nil {
			t.Error(login, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}
