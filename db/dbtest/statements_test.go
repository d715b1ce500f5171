package dbtest_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestStatementsHaveTheTextOfEveryQuery(t *testing.T) {
	statements := db.Statements()
	if want := reflect.TypeFor[db.Querier]().NumMethod(); len(statements) != want {
		t.Errorf("%d statements of %d queries", len(statements), want)
	}
	for name, sql := range statements {
		if !strings.HasPrefix(sql, "-- name: "+name+" :") {
			t.Errorf("%s is %q", name, sql)
		}
	}
}

func TestCallReturnsWhatAQuerySends(t *testing.T) {
	id := uuid.New()
	sql, args := dbtest.Call("GetTask", db.GetTaskParams{UserID: "alice", ID: id})
	if sql != db.Statements()["GetTask"] || !reflect.DeepEqual(args, []any{"alice", id}) {
		t.Errorf("%q, %v", sql, args)
	}
}
