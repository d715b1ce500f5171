package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrHardening says that somebody could have, or has had, code of theirs run by whoever
// reads or writes here.
var ErrHardening = errors.New("others could have their code run in this database")

// owners are the owners of the tables.
var owners = "SELECT FROM pg_class WHERE oid IN (SELECT ('public.' || tables.relname)::regclass FROM " + ownedPolicies + ")"

// hardeningFaults are what weakens the isolation of users without undoing it, and
// whether a server must not start so. Each row says what to run.
//
// No statement of this program calls what is in public, so a role that may create there is
// no way in. It is one to whoever types a query, and everybody is too many.
var hardeningFaults = `
SELECT false, format('login %I %s, so nothing but the switch to role todo_app is between a query and the rows of all users: let the server log in as a role that owns nothing, which sql/README.md makes in two commands', session_user, what)
FROM (
  SELECT CASE
    WHEN rolsuper THEN 'is a superuser'
    ELSE NULLIF(concat_ws(' and ', CASE WHEN rolbypassrls THEN 'has BYPASSRLS' END, CASE WHEN EXISTS (` + owners + ` AND pg_has_role(session_user, relowner, 'USAGE')) THEN 'owns the tables' END), '')
  END AS what
  FROM pg_roles
  WHERE rolname = session_user
) AS login
WHERE what IS NOT NULL
UNION ALL
SELECT true, format('everybody may create functions and operators in schema public, which then take the place of PostgreSQL''s own in what others run: as %I, the owner, or a superuser, run REVOKE CREATE ON SCHEMA public FROM PUBLIC', (SELECT CASE nspowner::regrole::text WHEN 'pg_database_owner' THEN pg_get_userbyid(datdba) ELSE nspowner::regrole::text END FROM pg_database WHERE datname = current_database()))
FROM pg_namespace
CROSS JOIN LATERAL aclexplode(nspacl) AS entry
WHERE nspname = 'public'
  AND entry.privilege_type = 'CREATE'
  AND entry.grantee = 0
UNION ALL
SELECT DISTINCT false, format('role %s may create functions and operators in schema public, which then take the place of PostgreSQL''s own in what others run: run REVOKE CREATE ON SCHEMA public FROM %1$s', entry.grantee::regrole)
FROM pg_namespace
CROSS JOIN LATERAL aclexplode(nspacl) AS entry
JOIN pg_roles ON pg_roles.oid = entry.grantee
WHERE nspname = 'public'
  AND entry.privilege_type = 'CREATE'
  AND entry.grantee <> nspowner
  AND NOT rolsuper
  AND NOT EXISTS (` + owners + ` AND relowner = entry.grantee)
UNION ALL
SELECT true, format('%s calls %s, which is not PostgreSQL''s own: make it anew as sql/schema.sql has it, then drop what it called',
  pg_describe_object(pg_depend.classid, pg_depend.objid, 0), pg_describe_object(refclassid, refobjid, 0))
FROM pg_depend
LEFT JOIN pg_attrdef ON classid = 'pg_attrdef'::regclass AND pg_attrdef.oid = objid
LEFT JOIN pg_constraint ON classid = 'pg_constraint'::regclass AND pg_constraint.oid = objid
LEFT JOIN pg_policy ON classid = 'pg_policy'::regclass AND pg_policy.oid = objid
LEFT JOIN pg_type ON pg_type.oid = contypid
WHERE refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
  AND (COALESCE(adrelid, NULLIF(conrelid, 0), polrelid) IN (SELECT ('public.' || tables.relname)::regclass FROM ` + ownedPolicies + `)
    OR typnamespace = 'public'::regnamespace)
ORDER BY 1 DESC, 2`

// CheckHardening looks at the start of a server at what weakens the isolation of users
// without undoing it. It returns sentences that say what is so and what to run; the
// error is ErrHardening where the server must not start so.
//
// It is no part of Check, which readiness asks: what somebody grants while servers run is
// no reason to have all of them leave.
func (p *Pool) CheckHardening(ctx context.Context) (warnings []string, err error) {
	err = p.retry(ctx, newTries(false, false), func(string) error {
		return p.probe(ctx, func(conn *pgx.Conn) error {
			warnings, err = p.checkHardening(ctx, conn)
			return err
		})
	})
	return warnings, err
}

func (p *Pool) checkHardening(ctx context.Context, conn *pgx.Conn) (warnings []string, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, translate(err)
	}
	defer tx.Rollback(ctx)
	if err := p.setNoUser(ctx, tx); err != nil {
		return nil, roleError(err)
	}
	rows, err := tx.Query(ctx, hardeningFaults)
	if err != nil {
		return nil, translate(err)
	}
	var refuses bool
	var says string
	var fault error
	_, err = pgx.ForEachRow(rows, []any{&refuses, &says}, func() error {
		switch {
		case !refuses:
			warnings = append(warnings, says)
		case fault == nil:
			fault = fmt.Errorf("%w: %s", ErrHardening, says)
		}
		return nil
	})
	if err != nil {
		return nil, translate(err)
	}
	return warnings, fault
}
