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

var placeholder = regexp.MustCompile(`\$\d+`)

// explain plans queries and begins their execution, which checks every privilege that
// they need, and then runs nothing; preparing them would not check. It is one round trip,
// in a transaction in which they are found as requests find them. An error comes with the
// name of the query. The owner is who asks, by whom an engine that distributes rows finds
// the node.
func explain(ctx context.Context, conn *pgx.Conn, queries map[string]Recorder, owner string) (name string, err error) {
	names := slices.Sorted(maps.Keys(queries))
	// Unnamed, whatever the URL says of other statements, so that nothing stays on a
	// pooler's connection.
	batch := &pgconn.Batch{}
	batch.ExecParams("SET LOCAL search_path = "+searchPath, nil, nil, nil, nil)
	for _, name := range names {
		sql, err := explanation(conn, queries[name], owner)
		if err != nil {
			return name, err
		}
		batch.ExecParams(sql, nil, nil, nil, nil)
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

// explanation has the arguments of a query as literals: Citus cannot EXPLAIN every
// statement that has parameters, though it runs them. All are Go's zero values, because
// Citus asks no node where an id is NULL, but for the first, which is the owner.
func explanation(conn *pgx.Conn, query Recorder, owner string) (string, error) {
	args := slices.Clone(query.Args)
	args[0] = owner
	var values pgx.ExtendedQueryBuilder
	if err := values.Build(conn.TypeMap(), nil, args); err != nil {
		return "", err
	}
	literals := make([]string, len(args))
	for i, value := range values.ParamValues {
		literals[i] = "NULL"
		if value != nil {
			var err error
			if literals[i], err = literal(conn.PgConn(), string(value)); err != nil {
				return "", err
			}
		}
	}
	return "EXPLAIN " + placeholder.ReplaceAllStringFunc(query.SQL, func(parameter string) string {
		n, _ := strconv.Atoi(parameter[1:])
		return literals[n-1]
	}), nil
}

// Statements returns the SQL of every generated query by its name.
func Statements() map[string]string {
	found := map[string]string{}
	for name, query := range record() {
		found[name] = query.SQL
	}
	return found
}

// record calls every generated query with a Recorder and zero values, so a new one cannot
// be forgotten.
func record() map[string]Recorder {
	recorder := &Recorder{}
	queries := reflect.ValueOf(New(recorder))
	found := map[string]Recorder{}
	for querier := range reflect.TypeFor[Querier]().Methods() {
		method := queries.MethodByName(querier.Name)
		method.Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.Zero(method.Type().In(1))})
		found[querier.Name] = *recorder
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
