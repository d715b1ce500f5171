//go:build ownership

package sql_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v6"

	"github.com/securetodo/securetodo/db/migration"
)

// undistributed is the last migration that no distributed table has to take: tables are
// distributed at this version or a later one.
const undistributed = "000019"

// distributionRefusals are what of a migration's statements Citus refuses on a
// distributed table, by ErrorIfUnsupportedAlterTableStmt of its table.c.
func distributionRefusals(tree *pgquery.ParseResult) (faults []string) {
	for _, raw := range tree.Stmts {
		alter := raw.Stmt.GetAlterTableStmt()
		if alter.GetObjtype() != pgquery.ObjectType_OBJECT_TABLE {
			continue
		}
		for _, node := range alter.Cmds {
			command := node.GetAlterTableCmd()
			switch kind := command.Subtype; {
			case kind == pgquery.AlterTableType_AT_AddConstraint && len(alter.Cmds) > 1:
				faults = append(faults, "ADD CONSTRAINT needs an ALTER TABLE of its own")
			case kind == pgquery.AlterTableType_AT_AddColumn:
				for _, constraint := range command.Def.GetColumnDef().Constraints {
					if !slices.Contains(columnConstraints, constraint.GetConstraint().Contype) {
						faults = append(faults, "the constraint of a new column needs a name, and an ALTER TABLE of its own")
					}
				}
			case !slices.Contains(alterations, kind):
				name := strings.TrimPrefix(kind.String(), "AT_")
				faults = append(faults, fmt.Sprintf("ALTER TABLE cannot do %s on a distributed table", name))
			}
		}
	}
	return faults
}

// columnConstraints are what may stand with a new column.
var columnConstraints = []pgquery.ConstrType{
	pgquery.ConstrType_CONSTR_NULL, pgquery.ConstrType_CONSTR_NOTNULL, pgquery.ConstrType_CONSTR_DEFAULT,
}

var alterations = []pgquery.AlterTableType{
	pgquery.AlterTableType_AT_AddConstraint, pgquery.AlterTableType_AT_DropConstraint, pgquery.AlterTableType_AT_ValidateConstraint,
	pgquery.AlterTableType_AT_DropColumn, pgquery.AlterTableType_AT_ColumnDefault, pgquery.AlterTableType_AT_AlterColumnType,
	pgquery.AlterTableType_AT_SetNotNull, pgquery.AlterTableType_AT_DropNotNull, pgquery.AlterTableType_AT_SetCompression,
	pgquery.AlterTableType_AT_EnableRowSecurity, pgquery.AlterTableType_AT_DisableRowSecurity,
	pgquery.AlterTableType_AT_ForceRowSecurity, pgquery.AlterTableType_AT_NoForceRowSecurity,
	pgquery.AlterTableType_AT_SetRelOptions, pgquery.AlterTableType_AT_ResetRelOptions,
	pgquery.AlterTableType_AT_ChangeOwner, pgquery.AlterTableType_AT_ReplicaIdentity,
}

func TestDistributionTakesEveryNewMigration(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if filepath.Base(file)[:6] <= undistributed {
			continue
		}
		for _, fault := range distributionRefusals(parse(t, readFile(t, file))) {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

func TestDistributionRefusalsAreReported(t *testing.T) {
	t.Parallel()
	for statement, faults := range map[string]int{
		"ALTER TABLE tasks ADD CONSTRAINT a CHECK (true) NOT VALID":                                           0,
		"ALTER TABLE tasks ADD COLUMN a text NOT NULL DEFAULT '', ADD COLUMN b text":                          0,
		"ALTER TABLE tasks DROP CONSTRAINT a, DROP CONSTRAINT b":                                              0,
		"ALTER TABLE tasks SET (fillfactor = 90); ALTER TABLE tasks VALIDATE CONSTRAINT a":                    0,
		"ALTER TABLE tasks ALTER COLUMN a SET DEFAULT 1, ALTER COLUMN b SET NOT NULL":                         0,
		"CREATE TABLE a (b text CHECK (true), c text UNIQUE)":                                                 0,
		"ALTER INDEX a SET (fillfactor = 90)":                                                                 0,
		"ALTER TABLE tasks ADD COLUMN a text, ADD CONSTRAINT b CHECK (true)":                                  1,
		"ALTER TABLE tasks DROP CONSTRAINT a, ADD CONSTRAINT b CHECK (true)":                                  1,
		"ALTER TABLE tasks ADD CONSTRAINT a CHECK (true), ADD CONSTRAINT b CHECK (true)":                      2,
		"ALTER TABLE tasks ADD COLUMN a text CHECK (true)":                                                    1,
		"ALTER TABLE tasks ADD COLUMN a text UNIQUE, ADD COLUMN b text REFERENCES users":                      2,
		"ALTER TABLE tasks ALTER COLUMN a SET STATISTICS 100":                                                 1,
		"SELECT 1; ALTER TABLE tasks DROP CONSTRAINT a; ALTER TABLE tasks ADD PRIMARY KEY (a), DROP COLUMN b": 1,
	} {
		if got := distributionRefusals(parse(t, statement)); len(got) != faults {
			t.Errorf("%s: %q, want %d", statement, got, faults)
		}
	}
}

// TestDistributionSplitsAFileAsPostgreSQLDoes compares what the runner sends with what the
// scanner of PostgreSQL finds.
func TestDistributionSplitsAFileAsPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text := readFile(t, file)
		want, err := pgquery.SplitWithParser(text, true)
		if err != nil {
			t.Fatal(file, err)
		}
		sent := migration.Statements(text)
		if len(sent) != len(want) || strings.Join(sent, "") != text {
			t.Errorf("%s: %d statements, want %d: %q", file, len(sent), len(want), sent)
			continue
		}
		for i, statement := range want {
			if !strings.Contains(sent[i], statement) {
				t.Errorf("%s: %q, want %q", file, sent[i], statement)
			}
		}
	}
}

func parse(t *testing.T, sql string) *pgquery.ParseResult {
	t.Helper()
	tree, err := pgquery.Parse(sql)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
