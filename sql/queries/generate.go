// Command queries writes lists.sql from lists.sql.tmpl, in the current folder.
package main

import (
	"bytes"
	"log"
	"os"
	"regexp"
	"text/template"
)

func main() {
	lists, err := generate("lists.sql.tmpl")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("lists.sql", lists, 0o644); err != nil {
		log.Fatal(err)
	}
}

// sorted is what a list query needs to know of its order.
type sorted struct {
	Name      string // in the query's name, such as UpdatedAt
	Order     string // Asc or Desc
	First     string // what comes first, for the comment
	Key       string // the sort key of a row, SQL
	After     string // the same of the row that the page begins behind
	Direction string // ASC or DESC
	Behind    string // how a row behind another compares with it
	Scan      string // the direction of the index that begins with the newest
	Time, ID  string // what is before every row
	Ties      string // first or last: where of equal rows that which was created first is
}

// column finds the column of a sort key, which is written with its type.
var column = regexp.MustCompile(`(\w+)::(\w+)`)

func newSorted(name, first, key string) sorted {
	return sorted{
		Name: name, First: first,
		Key:   column.ReplaceAllString(key, "$1"),
		After: column.ReplaceAllString(key, "sqlc.narg('after')::$2"),
	}
}

func asc(name, first, key string) sorted {
	s := newSorted(name, first, key)
	s.Order, s.Direction, s.Behind, s.Scan = "Asc", "ASC", ">", "backwards"
	s.Time, s.ID, s.Ties = "-infinity", "00000000-0000-0000-0000-000000000000", "first"
	return s
}

func desc(name, first, key string) sorted {
	s := newSorted(name, first, key)
	s.Order, s.Direction, s.Behind, s.Scan = "Desc", "DESC", "<", "forwards"
	s.Time, s.ID, s.Ties = "infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff", "last"
	return s
}

func generate(file string) ([]byte, error) {
	parsed, err := template.New(file).Funcs(template.FuncMap{"asc": asc, "desc": desc, "folded": folded, "foldedAny": foldedAny}).ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, nil)
	return out.Bytes(), err
}
