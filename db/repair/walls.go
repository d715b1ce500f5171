package repair

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lostSecurity looks whether row-level security is enabled and forced.
func (s *Schema) lostSecurity(ctx context.Context, tx pgx.Tx, _ uint32, l *Loss) error {
	var wanted []string
	for i, w := range s.security {
		wanted = append(wanted, fmt.Sprintf("SELECT %d AS n FROM pg_class WHERE relname = %s AND relnamespace = 'public'::regnamespace AND NOT %s", i, literal(w.table), w.catalogColumn))
	}
	rows, err := query(ctx, tx, strings.Join(wanted, " UNION ALL ")+" ORDER BY n")
	if err != nil {
		return err
	}
	var n int
	_, err = pgx.ForEachRow(rows, []any{&n}, func() error {
		l.Hurts = true
		l.add("ALTER TABLE public." + s.security[n].table + " " + s.security[n].clause + " ROW LEVEL SECURITY")
		return nil
	})
	return err
}

// lostPolicies looks whether each policy is there and says what it should. One that should
// not be there is left to whoever made it: the start of a server refuses it.
func (s *Schema) lostPolicies(ctx context.Context, tx pgx.Tx, role uint32, l *Loss) error {
	var wanted []string
	for i, p := range s.policies {
		wanted = append(wanted, fmt.Sprintf("(%d, %s, %s, %s, %s, %s)", i, literal(p.table), literal(p.name), literal(p.command), literal(p.using), literal(p.check)))
	}
	rows, err := query(ctx, tx, fmt.Sprintf(`
		SELECT n, pg_policy.oid IS NOT NULL
		FROM (VALUES %s) AS wanted (n, relation, name, command, using_clause, check_clause)
		JOIN pg_class ON relname = relation AND relnamespace = 'public'::regnamespace
		LEFT JOIN pg_policy ON polrelid = pg_class.oid AND polname = name
		WHERE pg_policy.oid IS NULL
		  OR NOT polpermissive
		  OR polroles <> ARRAY[%d::oid]
		  OR CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END <> command
		  OR COALESCE(pg_get_expr(polqual, polrelid), '') <> using_clause
		  OR COALESCE(pg_get_expr(polwithcheck, polrelid), '') <> check_clause
		ORDER BY n`, strings.Join(wanted, ", "), role))
	if err != nil {
		return err
	}
	var n int
	var differs bool
	_, err = pgx.ForEachRow(rows, []any{&n, &differs}, func() error {
		p := s.policies[n]
		if differs {
			l.add("DROP POLICY " + p.name + " ON public." + p.table)
		}
		l.add(p.create)
		if p.comment != "" {
			l.add(p.comment)
		}
		l.Hurts = true
		return nil
	})
	return err
}
