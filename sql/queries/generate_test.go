package main

import (
	"bytes"
	"os"
	"testing"
)

func TestListsFileIsFresh(t *testing.T) {
	want, err := generate("lists.sql.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("lists.sql")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("sql/queries/lists.sql is not what lists.sql.tmpl makes: run `make generate`, and change the template only")
	}
}
