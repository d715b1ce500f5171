package dbtest

import (
	"context"
	"errors"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db"
)

// Statements returns the SQL of every generated query by its name.
func Statements() map[string]string {
	found := map[string]string{}
	for method := range reflect.TypeFor[db.Querier]().Methods() {
		params := reflect.Zero(method.Type.In(1))
		found[method.Name], _ = Call(method.Name, params.Interface())
	}
	return found
}

// Call returns what the generated query of that name sends for its parameters, which
// have the type that sqlc made for them, such as db.GetTaskParams.
func Call(name string, params any) (sql string, args []any) {
	captured := &recorder{}
	reflect.ValueOf(db.New(captured)).MethodByName(name).Call([]reflect.Value{
		reflect.ValueOf(context.Background()), reflect.ValueOf(params),
	})
	return captured.sql, captured.args
}

// recorder is a db.DBTX that captures the last query and runs none.
type recorder struct {
	sql  string
	args []any
}

var errRecorded = errors.New("recorded and not run")

func (r *recorder) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	r.sql, r.args = sql, args
	return pgconn.CommandTag{}, errRecorded
}

func (r *recorder) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	r.sql, r.args = sql, args
	return nil, errRecorded
}

func (r *recorder) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	r.sql, r.args = sql, args
	return recordedRow{}
}

type recordedRow struct{}

func (recordedRow) Scan(...any) error { return errRecorded }
