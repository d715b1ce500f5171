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

// explainAll plans every generated query and begins its execution, which asks for
// every privilege that it needs, and then runs nothing; preparing it would not ask.
// It is one round trip. An error comes with the name of the query.
func explainAll(ctx context.Context, conn *pgx.Conn) (name string, err error) {
	queries := statements(ctx)
	names := slices.Sorted(maps.Keys(queries))
	// Unnamed, whatever the URL says of other statements, so that nothing stays on a
	// pooler's connection.
	batch := &pgconn.Batch{}
	for _, name := range names {
		batch.ExecParams("EXPLAIN "+queries[name], noArguments(queries[name]), nil, nil, nil)
	}
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

// noArguments are all NULL but the user, by whom an engine that distributes rows
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

// statements returns the text of every generated query by its name. It calls each
// with a DBTX that only listens, so a new query cannot be forgotten.
func statements(ctx context.Context) map[string]string {
	heard := &listener{}
	queries := reflect.ValueOf(New(heard))
	found := map[string]string{}
	for i, querier := 0, reflect.TypeFor[Querier](); i < querier.NumMethod(); i++ {
		method := queries.MethodByName(querier.Method(i).Name)
		method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.Zero(method.Type().In(1))})
		found[querier.Method(i).Name] = heard.sql
	}
	return found
}

// listener is a DBTX that remembers the last query and runs none.
type listener struct{ sql string }

var errListening = errors.New("only listening")

func (l *listener) Exec(_ context.Context, sql string, _ ...any) (pgconn.CommandTag, error) {
	l.sql = sql
	return pgconn.CommandTag{}, errListening
}

func (l *listener) Query(_ context.Context, sql string, _ ...any) (pgx.Rows, error) {
	l.sql = sql
	return nil, errListening
}

func (l *listener) QueryRow(_ context.Context, sql string, _ ...any) pgx.Row {
	l.sql = sql
	return row{err: errListening}
}
