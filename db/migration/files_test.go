package migration_test

import (
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestFilesThatCouldNotBeRecoveredAreRefused(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	for text, says := range map[string]string{
		"CREATE INDEX CONCURRENTLY x ON y (z); SELECT 1;":                      "alone",
		"CREATE INDEX CONCURRENTLY ON y (z);":                                  "name",
		"BEGIN; SELECT 1; COMMIT;":                                             "transaction",
		"SELECT 1; COMMIT;":                                                    "transaction",
		"SELECT 1;\nstart transaction;":                                        "transaction",
		"SET LOCAL lock_timeout = '2s'; CREATE INDEX CONCURRENTLY x ON y (z);": "alone",
		"SELECT 1; COMMIT AND CHAIN; SELECT 2;":                                "transaction",
		"BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1;":                        "transaction",
		"SELECT 1 /* ; */; END;":                                               "transaction",
		"SELECT 1; -- then\nABORT;":                                            "transaction",
		"SELECT 'it''s -- not'; ROLLBACK;":                                     "transaction",
		"-- nothing":                                                           "empty",
	} {
		_, err := migration.Open(t.Context(), url, migration.Config{Files: files(text, "SELECT 1;")})
		mustFail(t, err, migration.Refused, says)
	}
	for _, text := range []string{
		"DO $$ BEGIN PERFORM 1; END $$;",
		"DO $do$ BEGIN PERFORM 1; COMMIT; END; $do$;",
		"COMMENT ON TABLE x IS 'Made CONCURRENTLY; COMMIT; then';",
		"CREATE FUNCTION f() RETURNS integer BEGIN ATOMIC SELECT 1; END;",
		"SELECT 1; -- BEGIN;",
	} {
		if _, err := migration.Open(t.Context(), url, migration.Config{Files: files(text, "SELECT 1;")}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := migration.Open(t.Context(), url, migration.Config{Files: files("SELECT 1;")})
	mustFail(t, err, migration.Refused, "both an up and a down file")
}
