package repair

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Description says in messages what has happened where something is lost.
const Description = "the schema has lost a role, privileges or policies that migrations made, as after pg_restore --no-acl"

// Loss is what a database lacks.
type Loss struct {
	// Statements bring it back, in this order, run by the login that migrates; without
	// semicolons.
	Statements []string
	// Membership lets the login that asked switch to the role; "" where it may.
	Membership string
	// Hurts says that a query of the server, or a wall between users, is missing, and not
	// only a privilege that everybody has besides (USAGE of public, mostly).
	Hurts bool
	// Partial says that the database lacks tables or columns too, which migrations make.
	Partial bool
}

// IsEmpty reports whether nothing is lost.
func (l *Loss) IsEmpty() bool { return len(l.Statements) == 0 && l.Membership == "" }

// Lost compares a database with the schema, in a transaction of the login that asks. It
// reads catalogs that every login may read, without preparing anything.
func (s *Schema) Lost(ctx context.Context, tx pgx.Tx) (*Loss, error) {
	l := &Loss{}
	role, err := s.lostRole(ctx, tx, l)
	if err != nil {
		return nil, err
	}
	for _, find := range []func(context.Context, pgx.Tx, uint32, *Loss) error{s.lostPrivileges, s.lostSecurity, s.lostPolicies} {
		if err := find(ctx, tx, role, l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Loss) add(statements ...string) { l.Statements = append(l.Statements, statements...) }

// lostRole returns the role that has the privileges, 0 for none: todo_app, or, where there
// is none, what it was renamed to, which the policies show.
func (s *Schema) lostRole(ctx context.Context, tx pgx.Tx, l *Loss) (role uint32, err error) {
	var named []string
	var renamed uint32
	var maySwitch bool
	var login, ignored string
	err = row(ctx, tx, `
		WITH named AS (
		  SELECT DISTINCT pg_roles.oid, quote_ident(rolname) AS name
		  FROM pg_policy
		  JOIN pg_class ON pg_class.oid = polrelid
		  JOIN pg_roles ON pg_roles.oid = ANY (polroles)
		  WHERE relname IN (`+s.tables()+`)
		    AND relnamespace = 'public'::regnamespace
		)
		SELECT
		  COALESCE((SELECT oid FROM pg_roles WHERE rolname = '`+appRole+`'), 0),
		  ARRAY(SELECT name FROM named ORDER BY name),
		  COALESCE((SELECT min(oid) FROM named), 0),
		  COALESCE((SELECT pg_has_role(session_user, oid, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END) FROM pg_roles WHERE rolname = '`+appRole+`'), false),
		  quote_ident(session_user),
		  set_config('quote_all_identifiers', 'off', true)`, &role, &named, &renamed, &maySwitch, &login, &ignored) // as pg_dump writes a policy
	switch {
	case err != nil:
		return 0, err
	case role == 0 && len(named) == 1:
		role = renamed
		l.add("ALTER ROLE " + named[0] + " RENAME TO " + appRole)
		l.Hurts = true
	case role == 0:
		l.add("CREATE ROLE "+appRole+" NOLOGIN", "GRANT "+appRole+" TO "+login)
		l.Hurts = true
	case !maySwitch:
		l.Membership = "GRANT " + appRole + " TO " + login
	}
	return role, nil
}

// lostPrivileges looks at what the role was granted, itself.
func (s *Schema) lostPrivileges(ctx context.Context, tx pgx.Tx, role uint32, l *Loss) error {
	var wanted []string
	for i, p := range s.privileges {
		wanted = append(wanted, fmt.Sprintf("(%d, %s, %s, %s)", i, literal(p.table), literal(p.column), literal(p.name)))
	}
	rows, err := query(ctx, tx, fmt.Sprintf(`
		SELECT n, pg_class.oid IS NULL AND relation <> '' OR attnum IS NULL AND attribute <> '' AS absent,
		  NOT CASE
		    WHEN relation = '' THEN has_schema_privilege(%[2]d::oid, 'public', privilege)
		    WHEN attribute = '' THEN has_table_privilege(%[2]d::oid, pg_class.oid, privilege)
		    ELSE has_column_privilege(%[2]d::oid, pg_class.oid, attnum, privilege)
		  END AS hurts
		FROM (VALUES %[1]s) AS wanted (n, relation, attribute, privilege)
		JOIN pg_namespace ON nspname = 'public'
		LEFT JOIN pg_class ON relname = relation AND relnamespace = pg_namespace.oid
		LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attname = attribute
		WHERE NOT EXISTS (
		  SELECT FROM aclexplode(CASE WHEN relation = '' THEN nspacl ELSE relacl END) AS entry
		  WHERE grantee = NULLIF(%[2]d, 0) AND privilege_type = privilege
		  UNION ALL
		  SELECT FROM aclexplode(attacl) AS entry
		  WHERE grantee = NULLIF(%[2]d, 0) AND privilege_type = privilege
		)
		ORDER BY n`, strings.Join(wanted, ", "), role))
	if err != nil {
		return err
	}
	var n int
	var absent bool
	var hurts *bool
	var lost []privilege
	_, err = pgx.ForEachRow(rows, []any{&n, &absent, &hurts}, func() error {
		if absent {
			l.Partial = true
			return nil
		}
		l.Hurts = l.Hurts || role == 0 || hurts != nil && *hurts
		lost = append(lost, s.privileges[n])
		return nil
	})
	l.add(grants(lost)...)
	return err
}

// grants are the statements that grant privileges, one for each table.
func grants(privileges []privilege) (statements []string) {
	var tables []string
	names, columns := map[string][]string{}, map[string][]string{}
	for _, p := range privileges {
		key := p.table + " " + p.name
		if names[p.table] == nil {
			tables = append(tables, p.table)
		}
		if _, known := columns[key]; !known {
			names[p.table] = append(names[p.table], p.name)
			columns[key] = []string{}
		}
		if p.column != "" {
			columns[key] = append(columns[key], p.column)
		}
	}
	for _, table := range tables {
		var items []string
		for _, name := range names[table] {
			if of := columns[table+" "+name]; len(of) > 0 {
				name += " (" + strings.Join(of, ", ") + ")"
			}
			items = append(items, name)
		}
		on := "SCHEMA public"
		if table != "" {
			on = "TABLE public." + table
		}
		statements = append(statements, "GRANT "+strings.Join(items, ", ")+" ON "+on+" TO "+appRole)
	}
	return statements
}

func query(ctx context.Context, tx pgx.Tx, sql string) (pgx.Rows, error) {
	return tx.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
}

func row(ctx context.Context, tx pgx.Tx, sql string, into ...any) error {
	rows, err := query(ctx, tx, sql)
	if err != nil {
		return err
	}
	_, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, row.Scan(into...) })
	return err
}
