//go:build ownership

package sql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/securetodo/securetodo/db"
)

// immutable are the functions that PostgreSQL calls IMMUTABLE among those that write
// statements use. AT TIME ZONE is timezone, and so for both of its directions.
var immutable = []string{"cardinality", "lower", "normalize", "replace", "strpos", "timezone", "upper"}

// volatilityFaults says what of a statement Citus would refuse where it changes rows,
// by the messages of its multi_router_planner.c. A tree does not tell types: a sum
// with an interval is taken for one of timestamptz, which is STABLE, unless AT TIME
// ZONE stands before it.
func volatilityFaults(tree *pgquery.ParseResult) []string {
	var v volatility
	for _, raw := range tree.Stmts {
		v.node(raw.Stmt.ProtoReflect(), place{})
	}
	return v.faults
}

type volatility struct{ faults []string }

// place is where in a statement an expression stands.
type place struct{ changed, conditional, conflict bool }

func (v *volatility) node(m protoreflect.Message, at place) {
	switch n := m.Interface().(type) {
	case *pgquery.SelectStmt:
		at = place{}
	case *pgquery.UpdateStmt, *pgquery.DeleteStmt:
		at = place{changed: true}
	case *pgquery.OnConflictClause:
		at = place{changed: true, conflict: true}
	case *pgquery.CaseExpr, *pgquery.CoalesceExpr:
		at.conditional = true
	case *pgquery.SQLValueFunction:
		v.call("CURRENT_TIMESTAMP or its like", false, at)
	case *pgquery.FuncCall:
		name := n.Funcname[len(n.Funcname)-1].GetString_().GetSval()
		if !slices.Contains(immutable, name) {
			v.call(name, slices.ContainsFunc(n.Args, hasColumn), at)
		}
	case *pgquery.A_Expr:
		if isInterval(n.Rexpr) && n.Lexpr.GetFuncCall() == nil || isInterval(n.Lexpr) && n.Rexpr.GetFuncCall() == nil {
			v.call("+ interval", true, at)
		}
	}
	for child := range children(m) {
		v.node(child, at)
	}
}

func (v *volatility) call(name string, ofColumn bool, at place) {
	switch {
	case !at.changed:
	case at.conditional:
		v.faults = append(v.faults, fmt.Sprintf("%s is not IMMUTABLE and stands in CASE or COALESCE", name))
	case at.conflict:
		v.faults = append(v.faults, fmt.Sprintf("%s is not IMMUTABLE and stands in ON CONFLICT", name))
	case ofColumn:
		v.faults = append(v.faults, fmt.Sprintf("%s is not IMMUTABLE and takes a column", name))
	}
}

func hasColumn(n *pgquery.Node) bool { return strings.Contains(n.String(), "column_ref") }

func isInterval(n *pgquery.Node) bool {
	names := n.GetTypeCast().GetTypeName().GetNames()
	return len(names) > 0 && names[len(names)-1].GetString_().GetSval() == "interval"
}

func TestVolatileFunctionsStandWhereCitusTakesThem(t *testing.T) {
	t.Parallel()
	for name, statement := range db.Statements() {
		for _, fault := range volatilityFaultsOf(t, statement) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestVolatileFunctionsThatCitusRefusesAreReported(t *testing.T) {
	t.Parallel()
	for statement, faults := range map[string]int{
		"UPDATE tasks SET updated_at = now()":                                                                                                    0,
		"UPDATE tasks SET updated_at = GREATEST(now(), updated_at)":                                                                              0,
		"UPDATE tasks SET updated_at = (updated_at AT TIME ZONE 'UTC' + interval '1 s') AT TIME ZONE 'UTC'":                                      0,
		"UPDATE tasks SET updated_at = CASE WHEN completed THEN given.now END FROM (SELECT now() AS now) AS given":                               0,
		"INSERT INTO users (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at":                                     0,
		"SELECT CASE WHEN completed THEN now() END FROM tasks WHERE user_id = $1":                                                                0,
		"UPDATE tasks SET updated_at = updated_at + interval '1 s'":                                                                              1,
		"UPDATE tasks SET updated_at = CASE WHEN completed THEN now() END":                                                                       1,
		"UPDATE tasks SET updated_at = COALESCE(due_date, CURRENT_TIMESTAMP)":                                                                    1,
		"DELETE FROM tasks WHERE age(due_date) > $1":                                                                                             1,
		"INSERT INTO users (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET updated_at = now()":                                                   1,
		"WITH a AS (UPDATE tasks SET due_date = interval '1 s' + due_date RETURNING id) SELECT id FROM a WHERE random() < COALESCE(1, random())": 1,
	} {
		if got := volatilityFaultsOf(t, statement); len(got) != faults {
			t.Errorf("%s: %q, want %d", statement, got, faults)
		}
	}
}

func volatilityFaultsOf(t *testing.T, statement string) []string {
	t.Helper()
	tree, err := pgquery.Parse(statement)
	if err != nil {
		t.Fatal(err)
	}
	return volatilityFaults(tree)
}
