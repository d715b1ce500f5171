package sql_test

import (
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// distributionFaults names what keeps the tables of users' data from being
// distributed by their owner and co-located. A table is one of users' data unless
// it is the migrations'; its owner column is users.id, elsewhere user_id.
const distributionFaults = `
WITH tables AS (
  SELECT pg_class.oid, relname, relkind, attnum AS owner, atttypid, attcollation, attnotnull
  FROM pg_class
  LEFT JOIN pg_attribute ON attrelid = pg_class.oid
    AND attname = CASE WHEN relname = 'users' THEN 'id' ELSE 'user_id' END
  WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p', 'f', 'v', 'm')
    AND relname NOT IN ('schema_migrations', 'schema_migration_log')
), faults (fault) AS (
  SELECT relname || ' is no plain table' FROM tables WHERE relkind <> 'r'
  UNION ALL
  SELECT relname || ' has no owner column that is never NULL' FROM tables WHERE attnotnull IS NOT TRUE
  UNION ALL
  SELECT relname || ' has an owner of another type or collation than users' FROM tables
  WHERE (atttypid, attcollation) IS DISTINCT FROM (SELECT (t.atttypid, t.attcollation) FROM tables AS t WHERE t.relname = 'users')
  UNION ALL
  SELECT relname || ' has an owner whose equal values may differ in bytes' FROM tables
  JOIN pg_collation ON pg_collation.oid = attcollation
  WHERE NOT collisdeterministic
  UNION ALL
  SELECT 'unique index ' || indexrelid::regclass || ' does not start with the owner' FROM tables
  JOIN pg_index ON indrelid = tables.oid
  WHERE (indisunique OR indisexclusion) AND indkey[0] IS DISTINCT FROM owner
  UNION ALL
  SELECT 'foreign key ' || conname || ' does not bind owner to owner' FROM tables
  JOIN pg_constraint ON conrelid = tables.oid AND contype = 'f'
  LEFT JOIN tables AS other ON other.oid = confrelid
  WHERE array_position(conkey, tables.owner) IS DISTINCT FROM array_position(confkey, other.owner)
    OR array_position(conkey, tables.owner) IS NULL
  UNION ALL
  SELECT 'foreign key ' || conname || ' would change an owner' FROM tables
  JOIN pg_constraint ON conrelid = tables.oid AND contype = 'f'
  WHERE confupdtype <> 'a' OR confdeltype IN ('n', 'd')
  UNION ALL
  SELECT 'policy ' || polname || ' holds a subquery' FROM tables
  JOIN pg_policy ON polrelid = tables.oid
  WHERE concat(polqual, polwithcheck) LIKE '%{SUBLINK %'
  UNION ALL
  SELECT 'trigger ' || tgname FROM tables
  JOIN pg_trigger ON tgrelid = tables.oid
  WHERE NOT tgisinternal
  UNION ALL
  SELECT 'rule ' || rulename FROM tables
  JOIN pg_rewrite ON ev_class = tables.oid
  UNION ALL
  SELECT 'the default of ' || relname || '.' || attname || ' is ' || pg_get_expr(adbin, adrelid) FROM tables
  JOIN pg_attrdef ON adrelid = tables.oid
  JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  WHERE pg_get_expr(adbin, adrelid) LIKE '%nextval(%'
  UNION ALL
  SELECT relname || '.' || attname || ' is numbered by a sequence' FROM tables
  JOIN pg_attribute ON attrelid = tables.oid
  WHERE attidentity <> ''
  UNION ALL
  SELECT relname || ' inherits' FROM tables
  JOIN pg_inherits ON tables.oid IN (inhrelid, inhparent)
)
SELECT COALESCE(array_agg(fault), '{}') FROM faults`

func TestOwnedTablesCanBeDistributedByTheirOwner(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for _, fault := range dbtest.Value[[]string](t, url, distributionFaults) {
		t.Error(fault)
	}
	for damage, says := range map[string]string{
		"CREATE UNIQUE INDEX ON tasks (id)":                                                                          "unique index",
		"CREATE UNIQUE INDEX ON tasks (lower(user_id), id)":                                                          "unique index",
		"ALTER TABLE tasks ADD UNIQUE (title, user_id)":                                                              "unique index",
		"CREATE TABLE samples (user_id text COLLATE \"C\" NOT NULL REFERENCES users ON DELETE SET DEFAULT)":          "would change an owner",
		"CREATE TABLE samples (user_id text COLLATE \"C\" NOT NULL REFERENCES users ON UPDATE CASCADE)":              "would change an owner",
		"CREATE TABLE samples (id uuid PRIMARY KEY)":                                                                 "samples has no owner",
		"CREATE TABLE samples (user_id text COLLATE \"C\")":                                                          "samples has no owner",
		"CREATE TABLE samples (user_id text NOT NULL)":                                                               "another type or collation",
		"CREATE TABLE samples (user_id varchar COLLATE \"C\" NOT NULL)":                                              "another type or collation",
		"CREATE TABLE samples (user_id text COLLATE \"C\" NOT NULL, k text COLLATE \"C\" REFERENCES users)":          "does not bind owner to owner",
		"ALTER TABLE tasks ADD parent uuid, ADD FOREIGN KEY (user_id, parent) REFERENCES tasks":                      "",
		"ALTER TABLE tasks ADD p text COLLATE \"C\", ADD FOREIGN KEY (p, id) REFERENCES tasks":                       "does not bind owner to owner",
		"ALTER POLICY tasks_select ON tasks USING (user_id = (SELECT current_setting('app.user_id')))":               "holds a subquery",
		"ALTER POLICY tasks_insert ON tasks WITH CHECK (EXISTS (SELECT FROM users))":                                 "holds a subquery",
		"CREATE TRIGGER t BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()": "trigger t",
		"CREATE RULE r AS ON DELETE TO tasks DO INSTEAD NOTHING":                                                     "rule r",
		"ALTER TABLE tasks ADD n bigserial":                                                                          "default of tasks.n",
		"ALTER TABLE tasks ADD n bigint GENERATED ALWAYS AS IDENTITY":                                                "numbered by a sequence",
		"CREATE VIEW done AS SELECT user_id FROM tasks":                                                              "no plain table",
		"CREATE TABLE urgent () INHERITS (tasks)":                                                                    "inherits",
	} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			dbtest.Exec(t, url, damage)
			faults := strings.Join(dbtest.Value[[]string](t, url, distributionFaults), "\n")
			if (says == "") != (faults == "") || !strings.Contains(faults, says) {
				t.Errorf("%q, want %q", faults, says)
			}
		})
	}
}
