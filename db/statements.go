package db

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var placeholder = regexp.MustCompile(`\$(\d+)`)

// explainAll plans every generated query and begins its execution, which checks
// every privilege that it needs, and then runs nothing; preparing it would not check.
// It is one round trip, in a transaction in which they are found as requests find them.
// An error comes with the name of the query.
func explainAll(ctx context.Context, conn *pgx.Conn) (name string, err error) {
	queries := Statements()
	names := slices.Sorted(maps.Keys(queries))
	// Unnamed, whatever the URL says of other statements, so that nothing stays on a
	// pooler's connection.
	batch := &pgconn.Batch{}
	batch.ExecParams("SET LOCAL search_path = "+searchPath, nil, nil, nil, nil)
	for _, name := range names {
		batch.ExecParams("EXPLAIN "+queries[name], noArguments(queries[name]), nil, nil, nil)
	}
	names = slices.Insert(names, 0, "SET search_path")
	results := conn.PgConn().ExecBatch(ctx, batch)
	for _, name := range names {
		if results.NextResult() {
			if _, err := results.ResultReader().Close(); err == nil {
				continue
			}
		}
		return name, results.Close()
	}
	return "", results.Close()
}

// noArguments are NULL, but for the user's id, by which an engine that distributes rows
// finds the node.
func noArguments(statement string) [][]byte {
	count := 0
	for _, match := range placeholder.FindAllStringSubmatch(statement, -1) {
		n, _ := strconv.Atoi(match[1])
		count = max(count, n)
	}
	arguments := make([][]byte, count)
	arguments[0] = []byte{}
	return arguments
}

// Statements returns the SQL of every generated query by its name. It calls each with
// a Recorder, so a new query cannot be forgotten.
func Statements() map[string]string {
	recorder := &Recorder{}
	queries := reflect.ValueOf(New(recorder))
	found := map[string]string{}
	for querier := range reflect.TypeFor[Querier]().Methods() {
		method := queries.MethodByName(querier.Name)
		method.Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.Zero(method.Type().In(1))})
		found[querier.Name] = recorder.SQL
	}
	return found
}

// Recorder is a DBTX that captures the last query with its arguments and runs none.
type Recorder struct {
	SQL  string
	Args []any
}

var errRecorded = errors.New("recorded and not run")

func (r *Recorder) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	r.SQL, r.Args = sql, args
	return pgconn.CommandTag{}, errRecorded
}

func (r *Recorder) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	r.SQL, r.Args = sql, args
	return nil, errRecorded
}

func (r *Recorder) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	r.SQL, r.Args = sql, args
	return failedRow{errRecorded}
}

type failedRow struct{ error }

func (r failedRow) Scan(...any) error { return r.error }
