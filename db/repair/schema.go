// Package repair finds what of the role, the privileges and the policies that the
// migrations made a database has lost, and the SQL that brings it back: a restore without
// them (pg_restore --no-acl), a REVOKE or a renamed role leaves the version of the schema
// as it was, so no migration does. What should be there is read from the dump of what the
// migrations make.
package repair

import (
	"io/fs"
	"regexp"
	"strings"
	"sync"

	todosql "github.com/securetodo/securetodo/sql"
)

// appRole is the role that the server works as.
const appRole = "todo_app"

// Schema is what a database should have.
type Schema struct {
	privileges []privilege
	security   []security
	policies   []policy
}

// privilege is one of the role's: on the schema where table is empty, on the whole table
// where column is.
type privilege struct{ table, column, name string }

// security is one clause of a table's row-level security.
type security struct{ table, clause, catalogColumn string }

// policy is one policy, as pg_dump and the catalogs write it.
type policy struct{ name, table, command, using, check, create, comment string }

// The lines of pg_dump are regular; the tests take away each thing that the migrations
// made and see it come back.
var (
	grantLine   = regexp.MustCompile(`(?m)^GRANT (.+) ON (?:SCHEMA public|TABLE public\.(\w+)) TO ` + appRole + `;$`)
	grantItem   = regexp.MustCompile(`([A-Z]+)(?:\((\w+)\))?`)
	rlsLine     = regexp.MustCompile(`(?m)^ALTER TABLE (?:ONLY )?public\.(\w+) (ENABLE|FORCE) ROW LEVEL SECURITY;$`)
	policyLine  = regexp.MustCompile(`(?m)^(CREATE POLICY (\w+) ON public\.(\w+) FOR (\w+) TO ` + appRole + `(?: USING \((.+?)\))?(?: WITH CHECK \((.+)\))?);$`)
	commentLine = regexp.MustCompile(`(?m)^(COMMENT ON POLICY (\w+) ON public\.(\w+) IS '(?:[^']|'')*');$`)
)

// Embedded is the schema that the embedded migrations make.
var Embedded = sync.OnceValue(func() *Schema {
	schema, _ := Read(todosql.Migrations) // it is embedded
	return schema
})

// Read reads schema.sql from the files of the migrations; nil if they have none.
func Read(files fs.FS) (*Schema, error) {
	dump, err := fs.ReadFile(files, "schema.sql")
	if err != nil {
		return nil, err
	}
	return parse(string(dump)), nil
}

func parse(dump string) *Schema {
	s := &Schema{}
	for _, line := range grantLine.FindAllStringSubmatch(dump, -1) {
		for _, item := range grantItem.FindAllStringSubmatch(line[1], -1) {
			s.privileges = append(s.privileges, privilege{table: line[2], column: item[2], name: item[1]})
		}
	}
	for _, line := range rlsLine.FindAllStringSubmatch(dump, -1) {
		s.security = append(s.security, security{line[1], line[2], map[string]string{"ENABLE": "relrowsecurity", "FORCE": "relforcerowsecurity"}[line[2]]})
	}
	comments := map[string]string{}
	for _, line := range commentLine.FindAllStringSubmatch(dump, -1) {
		comments[line[3]+"."+line[2]] = line[1]
	}
	for _, line := range policyLine.FindAllStringSubmatch(dump, -1) {
		s.policies = append(s.policies, policy{
			create: line[1], name: line[2], table: line[3], command: line[4], using: line[5], check: line[6], comment: comments[line[3]+"."+line[2]],
		})
	}
	return s
}

// tables are those that the role has to do with, as a list of literals.
func (s *Schema) tables() string {
	var names []string
	for _, p := range s.privileges {
		if p.table != "" {
			names = append(names, literal(p.table))
		}
	}
	return strings.Join(names, ", ")
}

// literal quotes what has no backslash in it.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
