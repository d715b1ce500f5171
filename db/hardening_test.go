package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// asServer returns the URL of a login that owns nothing, and its name.
func asServer(t *testing.T, url string) (string, string) {
	t.Helper()
	super := dbtest.SuperuserURL(t, url)
	login := dbtest.Value[string](t, super, "SELECT 'login_' || current_database()")
	dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %[1]s LOGIN NOINHERIT PASSWORD 'owns-nothing'; GRANT todo_app TO %[1]s", login))
	t.Cleanup(func() { dbtest.Exec(t, super, fmt.Sprintf("DROP OWNED BY %[1]s CASCADE; DROP ROLE %[1]s", login)) })
	return dbtest.As(t, url, login, "owns-nothing"), login
}

func TestCheckHardeningNamesEachFaultWithWhatMendsIt(t *testing.T) {
	t.Parallel()
	const forged = "CREATE FUNCTION public.forged(text) RETURNS boolean LANGUAGE sql RETURN true; "
	for name, c := range map[string]struct {
		opened  string // %s is the server's login
		says    string
		refuses bool
		closed  string
	}{
		"none":                  {},
		"everybody":             {"GRANT CREATE ON SCHEMA public TO PUBLIC", "run REVOKE CREATE ON SCHEMA public FROM PUBLIC", true, "REVOKE CREATE ON SCHEMA public FROM PUBLIC"},
		"a role":                {"GRANT CREATE ON SCHEMA public TO %[1]s", "run REVOKE CREATE ON SCHEMA public FROM %[1]s", false, "REVOKE CREATE ON SCHEMA public FROM %[1]s"},
		"superuser":             {"ALTER ROLE %[1]s SUPERUSER", "login %[1]s is a superuser, so", false, "ALTER ROLE %[1]s NOSUPERUSER"},
		"BYPASSRLS":             {"ALTER ROLE %[1]s BYPASSRLS", "login %[1]s has BYPASSRLS, so", false, "ALTER ROLE %[1]s NOBYPASSRLS"},
		"a table's CHECK":       {forged + "ALTER TABLE tasks ADD CONSTRAINT odd CHECK (forged(title))", "constraint odd on table public.tasks calls function public.forged(text)", true, "ALTER TABLE tasks DROP CONSTRAINT odd"},
		"a domain's CHECK":      {forged + "ALTER DOMAIN task_title ADD CONSTRAINT odd CHECK (forged(VALUE))", "constraint odd calls function public.forged(text)", true, "ALTER DOMAIN task_title DROP CONSTRAINT odd"},
		"a default":             {forged + "ALTER TABLE users ALTER COLUMN deleted_version SET DEFAULT forged('')::integer", "default value for column deleted_version of table public.users calls function public.forged(text)", true, "ALTER TABLE users ALTER COLUMN deleted_version SET DEFAULT 0"},
		"a policy":              {forged + "CREATE POLICY odd ON tasks AS RESTRICTIVE USING (forged(title))", "policy odd on table public.tasks calls function public.forged(text)", true, "DROP POLICY odd ON tasks"},
		"somebody else's table": {forged + "CREATE TABLE other (name text CHECK (forged(name)))", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t, dbtest.NeonOwner)
			server, login := asServer(t, url)
			pool := dbtest.Pool(t, server)
			run := func(sql string) {
				if strings.Contains(sql, "%") {
					sql = fmt.Sprintf(sql, login)
				}
				dbtest.Exec(t, dbtest.SuperuserURL(t, url), sql)
			}
			run(c.opened)
			warnings, err := pool.CheckHardening(t.Context())
			says := strings.Join(warnings, "\n")
			if err != nil {
				says += err.Error()
			}
			want := strings.ReplaceAll(c.says, "%[1]s", login)
			if errors.Is(err, db.ErrHardening) != c.refuses || !strings.Contains(says, want) || c.says == "" && says != "" {
				t.Errorf("%q, %v; want %q", warnings, err, want)
			}
			run(c.closed)
			if warnings, err := pool.CheckHardening(t.Context()); len(warnings) > 0 || err != nil {
				t.Errorf("after that: %q, %v", warnings, err)
			}
		})
	}
}

// TestCheckHardeningWarnsOfNeonsOwner has the login that hosts give: it owns the tables and has
// BYPASSRLS. Who owns a table may create beside it, and is no intruder.
func TestCheckHardeningWarnsOfNeonsOwner(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "GRANT CREATE ON SCHEMA public TO "+dbtest.Value[string](t, url, "SELECT quote_ident(current_user)"))
	for mode, options := range modes {
		warnings, err := dbtest.Pool(t, url, options...).CheckHardening(t.Context())
		if len(warnings) != 1 || !strings.Contains(warnings[0], "has BYPASSRLS and owns the tables") || err != nil {
			t.Errorf("%s: %q, %v", mode, warnings, err)
		}
	}
}
