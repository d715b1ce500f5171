//go:build ownership

package sql_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"iter"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/securetodo/securetodo/db"
)

// owners has each owned table's owner column. A relation that is neither here nor among
// the CTEs in scope is refused: a view could show anything.
var owners = func() map[string]string {
	columns := map[string]string{}
	for _, owned := range db.OwnedTables() {
		columns[owned.Table] = owned.OwnerColumn
	}
	return columns
}()

// ownershipFaults says where a statement reaches a row without binding its owner to
// $1. It cannot see into functions. What it does not know, it refuses.
func ownershipFaults(tree *pgquery.ParseResult) []string {
	var c checker
	for _, raw := range tree.Stmts {
		c.node(raw.Stmt.ProtoReflect(), nil)
	}
	return c.faults
}

type checker struct{ faults []string }

// item is what FROM names; owner is "" where it is no user's data.
type item struct{ name, owner string }

func (c *checker) faultf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) node(m protoreflect.Message, ctes []string) {
	switch n := m.Interface().(type) {
	case *pgquery.SelectStmt:
		ctes = c.with(n.WithClause, ctes)
		c.bound(c.from(n.FromClause, ctes), n.WhereClause)
		// FOR UPDATE OF names what FROM has named.
		c.rest(m, ctes, "with_clause", "from_clause", "locking_clause")
	case *pgquery.InsertStmt:
		ctes = c.with(n.WithClause, ctes)
		c.inserts(n)
		c.rest(m, ctes, "with_clause", "relation")
	case *pgquery.UpdateStmt:
		ctes = c.with(n.WithClause, ctes)
		target := c.table(n.Relation)
		c.bound(append(c.from(n.FromClause, ctes), target), n.WhereClause)
		c.keeps(n.TargetList, target.owner)
		c.rest(m, ctes, "with_clause", "from_clause", "relation")
	case *pgquery.DeleteStmt:
		ctes = c.with(n.WithClause, ctes)
		c.bound(append(c.from(n.UsingClause, ctes), c.table(n.Relation)), n.WhereClause)
		c.rest(m, ctes, "with_clause", "using_clause", "relation")
	case *pgquery.RangeVar:
		c.faultf("table %s in an unknown place", n.Relname)
	default:
		if name := string(m.Descriptor().Name()); strings.HasSuffix(name, "Stmt") {
			c.faultf("unknown statement %s", name)
		}
		c.rest(m, ctes)
	}
}

// rest goes through all of m but the fields its caller has dealt with.
func (c *checker) rest(m protoreflect.Message, ctes []string, except ...protoreflect.Name) {
	for child := range children(m, except...) {
		c.node(child, ctes)
	}
}

// with returns the CTEs in scope after w. Without RECURSIVE a CTE named tasks reads
// the table tasks.
func (c *checker) with(w *pgquery.WithClause, ctes []string) []string {
	ctes = slices.Clone(ctes)
	if w.GetRecursive() {
		for _, n := range w.GetCtes() {
			ctes = append(ctes, n.GetCommonTableExpr().GetCtename())
		}
	}
	for _, n := range w.GetCtes() {
		c.node(n.ProtoReflect(), ctes)
		ctes = append(ctes, n.GetCommonTableExpr().GetCtename())
	}
	return ctes
}

func (c *checker) from(nodes []*pgquery.Node, ctes []string) []item {
	var items []item
	for _, n := range nodes {
		table, join := n.GetRangeVar(), n.GetJoinExpr()
		switch {
		case table != nil && (table.Schemaname != "" || !slices.Contains(ctes, table.Relname)):
			items = append(items, c.table(table))
		case join != nil:
			if join.Alias != nil {
				c.faultf("join alias %s hides its tables", join.Alias.Aliasname)
			}
			items = append(items, c.from([]*pgquery.Node{join.Larg, join.Rarg}, ctes)...)
			c.rest(join.ProtoReflect(), ctes, "larg", "rarg")
		default:
			items = append(items, item{})
			if table == nil {
				c.node(n.ProtoReflect(), ctes)
			}
		}
	}
	return items
}

// table is a relation that is no CTE; a statement's target never is one.
func (c *checker) table(r *pgquery.RangeVar) item {
	owner, known := owners[r.Relname]
	if !known || r.Catalogname != "" || r.Schemaname != "" && r.Schemaname != "public" {
		c.faultf("unknown relation %s", r.Relname)
	}
	if r.Alias == nil {
		return item{r.Relname, owner}
	}
	if len(r.Alias.Colnames) > 0 {
		c.faultf("alias %s renames columns", r.Alias.Aliasname)
	}
	return item{r.Alias.Aliasname, owner}
}

// bound wants one bind an item. A bare column counts only where nothing else could
// have it.
func (c *checker) bound(items []item, where *pgquery.Node) {
	columns := binds(where)
	has := func(path ...string) bool {
		return slices.ContainsFunc(columns, func(column []string) bool { return slices.Equal(column, path) })
	}
	seen := map[string]bool{}
	for _, it := range items {
		if it.owner == "" {
			continue
		}
		if seen[it.name] || !has(it.name, it.owner) && !(len(items) == 1 && has(it.owner)) {
			c.faultf("%s.%s is not bound to $1", it.name, it.owner)
		}
		seen[it.name] = true
	}
}

// binds returns the columns that equal $1 wherever the condition holds.
func binds(where *pgquery.Node) [][]string {
	if and := where.GetBoolExpr(); and.GetBoolop() == pgquery.BoolExprType_AND_EXPR {
		var columns [][]string
		for _, arg := range and.Args {
			columns = append(columns, binds(arg)...)
		}
		return columns
	}
	e := where.GetAExpr()
	if e.GetKind() != pgquery.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 || e.Name[0].GetString_().GetSval() != "=" {
		return nil
	}
	side := e.Lexpr
	if isOwner(side) {
		side = e.Rexpr
	} else if !isOwner(e.Rexpr) {
		return nil
	}
	var path []string
	for _, field := range side.GetColumnRef().GetFields() {
		path = append(path, field.GetString_().GetSval())
	}
	return [][]string{path}
}

// isOwner wants a bare $1: a cast or a collation could make two owners equal.
func isOwner(n *pgquery.Node) bool { return n.GetParamRef().GetNumber() == 1 }

func (c *checker) inserts(n *pgquery.InsertStmt) {
	target := c.table(n.Relation)
	at := slices.IndexFunc(n.Cols, func(col *pgquery.Node) bool { return col.GetResTarget().GetName() == target.owner })
	if at < 0 || !inserted(n.SelectStmt.GetSelectStmt(), at) {
		c.faultf("%s.%s is not inserted as $1", target.name, target.owner)
	}
	conflict := n.OnConflictClause
	if conflict.GetAction() != pgquery.OnConflictAction_ONCONFLICT_UPDATE {
		return
	}
	c.keeps(conflict.TargetList, target.owner)
	for _, n := range conflict.Infer.GetIndexElems() {
		if e := n.GetIndexElem(); e.GetName() == target.owner && len(e.Collation)+len(e.Opclass) == 0 {
			return
		}
	}
	c.faultf("the conflict target lacks %s.%s", target.name, target.owner)
}

// inserted says whether every row of s has $1 at a position.
func inserted(s *pgquery.SelectStmt, at int) bool {
	if s == nil {
		return false
	}
	if s.Op != pgquery.SetOperation_SETOP_NONE {
		return inserted(s.Larg, at) && inserted(s.Rarg, at)
	}
	for _, row := range s.ValuesLists {
		if items := row.GetList().GetItems(); at >= len(items) || !isOwner(items[at]) {
			return false
		}
	}
	if s.ValuesLists != nil {
		return true
	}
	// A star before the position moves what stands there.
	return at < len(s.TargetList) && isOwner(s.TargetList[at].GetResTarget().GetVal()) &&
		!slices.ContainsFunc(s.TargetList[:at], func(n *pgquery.Node) bool { return strings.Contains(n.String(), "a_star") })
}

func (c *checker) keeps(targets []*pgquery.Node, owner string) {
	for _, n := range targets {
		if n.GetResTarget().GetName() == owner {
			c.faultf("%s is assigned", owner)
		}
	}
}

// children are the nodes right below one, but those of some fields.
func children(m protoreflect.Message, except ...protoreflect.Name) iter.Seq[protoreflect.Message] {
	return func(yield func(protoreflect.Message) bool) {
		m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			switch {
			case field.Message() == nil || slices.Contains(except, field.Name()):
			case field.IsList():
				for i := range value.List().Len() {
					if !yield(value.List().Get(i).Message()) {
						return false
					}
				}
			default:
				return yield(value.Message())
			}
			return true
		})
	}
}

func TestOwnershipIsBoundByEveryQuery(t *testing.T) {
	statements, firsts := generated(t)
	var methods []string
	for method := range reflect.TypeFor[db.Querier]().Methods() {
		methods = append(methods, method.Name)
	}
	if names := slices.Sorted(maps.Keys(statements)); !slices.Equal(names, methods) {
		t.Fatalf("statements %v, but Querier has %v", names, methods)
	}
	for name, statement := range statements {
		t.Run(name, func(t *testing.T) {
			for _, fault := range check(t, statement) {
				t.Error(fault)
			}
			if firsts[name] != "arg.UserID" {
				t.Errorf("$1 is %q, not arg.UserID", firsts[name])
			}
		})
	}
}

// generated reads sqlc's output, since @user_id is no PostgreSQL: each query's
// statement, and what its method passes as $1.
func generated(t *testing.T) (statements, firsts map[string]string) {
	t.Helper()
	files, _ := filepath.Glob("../db/*.sql.go")
	statements, firsts = map[string]string{}, map[string]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		method := ""
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value)
				if rest, ok := strings.CutPrefix(text, "-- name: "); ok {
					name, _, _ := strings.Cut(rest, " ")
					statements[name] = text
				}
			case *ast.FuncDecl:
				method = n.Name.Name
			case *ast.CallExpr:
				if len(n.Args) > 2 && firsts[method] == "" { // the context, the statement, the parameters
					firsts[method] = types.ExprString(n.Args[2])
				}
			}
			return true
		})
	}
	return statements, firsts
}
