package sql_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

const everybodyMayCreate = `
	SELECT EXISTS (
		SELECT FROM pg_namespace CROSS JOIN LATERAL aclexplode(nspacl) AS entry
		WHERE nspname = 'public' AND entry.grantee = 0 AND entry.privilege_type = 'CREATE'
	)`

// TestCreateOnPublicIsTakenFromEverybody migrates databases in which everybody may create,
// as before PostgreSQL 15.
func TestCreateOnPublicIsTakenFromEverybody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		owner string // of the schema, where it is not the database's
		stays bool
	}{
		"by its owner":               {"", false},
		"not by who does not own it": {"ALTER SCHEMA public OWNER TO CURRENT_USER", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			super := dbtest.SuperuserURL(t, url)
			dbtest.Exec(t, super, c.owner+"; GRANT CREATE ON SCHEMA public TO PUBLIC")
			m := open(t, url)
			if err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if stays := dbtest.Value[bool](t, super, everybodyMayCreate); stays != c.stays {
				t.Errorf("everybody may create: %t", stays)
			}
		})
	}
}
