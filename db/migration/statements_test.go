package migration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/migration"
)

func TestStatementsSplitsWherePsqlDoes(t *testing.T) {
	t.Parallel()
	for _, statements := range [][]string{
		{"SELECT 1"},
		{"SELECT 1;", " SELECT 2"},
		{"-- why; because\nSELECT 1;", "\nSELECT 2; -- the end\n/* of ; all */\n"},
		{"SELECT 'a;b', 'it''s;', \"c;\"\"d\", U&'e;f', E'\\';g', e'\\\\';", " SELECT 'h\\';"},
		{"SELECT /* a /* b; */ c; */ 1;", "SELECT 2;"},
		{"DO $$ BEGIN PERFORM 1; END $$;", " DO $a$ SELECT $$;$$; $a$;", " SELECT $é$;$é$;"},
		{"SELECT a$b$;", "SELECT c$b$;"},
		{"PREPARE p AS SELECT $1;", "SELECT $2;"},
		{"SELECT 5$$;$$;", "SELECT 1;"},
		{"CREATE RULE r AS ON DELETE TO t DO ALSO (SELECT 1; SELECT 2);", "SELECT 3;"},
		{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;", "SELECT 3;"},
		{"create or replace procedure p() begin atomic select 1; end;", "BEGIN;", "SELECT 2;", "END;"},
		{"CREATE TABLE begin_end (begin int);", "SELECT 'END';"},
		{"SELECT 1;", ";", " SELECT 2;"},
		{"SELECT 'never closed; SELECT 2;"},
		{"SELECT $a$ never closed; SELECT 2; $$"},
		{"/* never closed; SELECT 2;"},
		{"SELECT 1; -- no new line"},
		nil,
	} {
		if got := migration.Statements(strings.Join(statements, "")); !slices.Equal(got, statements) {
			t.Errorf("%q, want %q", got, statements)
		}
	}
}
