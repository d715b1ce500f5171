package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ownedPolicies are the owned tables with the expression of their policies, as the
// catalogs write it, and clauses what a policy of a command says.
var ownedPolicies = func() string {
	var rows []string
	for _, owned := range ownedTables {
		rows = append(rows, fmt.Sprintf("('%s', $$(%s = NULLIF(current_setting('app.user_id'::text, true), ''::text))$$)", owned.Table, owned.OwnerColumn))
	}
	return "(VALUES " + strings.Join(rows, ", ") + ") AS tables (relname, owned)"
}()

const clauses = `CASE WHEN commands.name <> 'INSERT' THEN ' USING ' || tables.owned ELSE '' END
    || CASE WHEN commands.name IN ('INSERT', 'UPDATE') THEN ' WITH CHECK ' || tables.owned ELSE '' END`

// rlsFaults names what in the catalogs would let todo_app see more than one user's
// rows.
var rlsFaults = `
SELECT 'role todo_app is a superuser or has BYPASSRLS: run ALTER ROLE todo_app NOSUPERUSER NOBYPASSRLS'
FROM pg_roles
WHERE rolname = current_user
  AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT format('row-level security of %s is not enabled and forced: run ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relname)
FROM pg_class
WHERE oid IN (SELECT ('public.' || tables.relname)::regclass FROM ` + ownedPolicies + `)
  AND NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT format('role todo_app owns %s, or is a member of the role that does: run ALTER TABLE %1$s OWNER TO the login that migrates', relname)
FROM pg_class
WHERE oid IN (SELECT ('public.' || tables.relname)::regclass FROM ` + ownedPolicies + `)
  AND pg_has_role(current_user, relowner, 'MEMBER')
UNION ALL
SELECT format('%s has no policy for %s: run CREATE POLICY %s_%s ON %1$s FOR %2$s TO todo_app%5$s', tables.relname, commands.name, tables.relname, lower(commands.name), ` + clauses + `)
FROM ` + ownedPolicies + `
CROSS JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) AS commands (name, code)
WHERE NOT EXISTS (
  SELECT FROM pg_policy
  WHERE polrelid = ('public.' || tables.relname)::regclass
    AND polcmd IN (commands.code::"char", '*')
)
UNION ALL
SELECT format('policy %I of %s does not compare the owner with app.user_id alone: run ', polname, tables.relname)
  || CASE
    WHEN commands.name IS NULL THEN format('DROP POLICY %I ON %s', polname, tables.relname)
    ELSE format('ALTER POLICY %I ON %s%s', polname, tables.relname, ` + clauses + `)
  END
FROM pg_policy
JOIN ` + ownedPolicies + ` ON polrelid = ('public.' || tables.relname)::regclass
LEFT JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) AS commands (name, code)
  ON polname = tables.relname || '_' || lower(commands.name)
  AND polcmd = commands.code::"char"
WHERE polpermissive
  AND EXISTS (
    SELECT FROM unnest(polroles) AS role (oid)
    WHERE role.oid = 0
      OR pg_has_role(current_user, role.oid, 'MEMBER')
  )
  AND (
    COALESCE(pg_get_expr(polqual, polrelid), tables.owned) <> tables.owned
    OR COALESCE(pg_get_expr(polwithcheck, polrelid), tables.owned) <> tables.owned
    OR (polqual IS NULL AND polwithcheck IS NULL)
  )`

// ErrRLS says that row-level security would let todo_app see more than one user's
// rows.
var ErrRLS = errors.New("row-level security does not hold")

// checkRLS is one round trip. With no user set, no row may be visible; each table has
// a statement of its own, which an engine that distributes them can run, on every node.
// Without everywhere only the catalogs are asked.
func checkRLS(ctx context.Context, tx pgx.Tx, everywhere bool) error {
	batch := &pgx.Batch{}
	batch.Queue(rlsFaults)
	var tables []OwnedTable
	if everywhere {
		tables = ownedTables
	}
	for _, owned := range tables {
		batch.Queue("SELECT true FROM public." + owned.Table + " LIMIT 1")
	}
	results := tx.SendBatch(ctx, batch)
	if err := rlsFault(results, tables); err != nil {
		_ = results.Close()
		return err
	}
	return translate(results.Close())
}

func rlsFault(results pgx.BatchResults, tables []OwnedTable) error {
	rows, err := results.Query()
	if err != nil {
		return translate(err)
	}
	faults, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return translate(err)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrRLS, faults[0])
	}
	for _, owned := range tables {
		var visible bool
		switch err := results.QueryRow().Scan(&visible); {
		case err == nil:
			return fmt.Errorf("%w: a row of %s is visible without a user", ErrRLS, owned.Table)
		case !errors.Is(err, pgx.ErrNoRows):
			return translate(err)
		}
	}
	return nil
}
