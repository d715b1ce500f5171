package measure

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
)

// Buffers are pages that a query asked for, a mean of many runs.
type Buffers struct {
	Query string
	// All are those of tables and indexes, with what foreign keys ask for.
	All float64
	// Read are those that PostgreSQL's own cache did not have.
	Read float64
}

// queries are what a task costs: to list, with the others of its user, to get, to add.
var queries = []struct {
	name string
	send func(q *db.Queries, ctx context.Context, user int)
}{
	{"ListTasks", func(q *db.Queries, ctx context.Context, user int) {
		_, _ = q.ListTasks(ctx, db.ListTasksParams{UserID: UserID(user), PageSize: 6})
	}},
	{"GetTask", func(q *db.Queries, ctx context.Context, user int) {
		_, _ = q.GetTask(ctx, db.GetTaskParams{UserID: UserID(user), ID: TaskID(user, 1)})
	}},
	{"AddTask", func(q *db.Queries, ctx context.Context, user int) {
		email := Email(user)
		_, _ = q.AddTask(ctx, db.AddTaskParams{
			UserID: UserID(user), ID: uuid.Must(uuid.NewV7()), Title: "A task that is rolled back", Priority: "medium", Tags: []string{}, Email: &email,
		})
	}},
}

// CountBuffers runs the queries that list, get and add tasks, each so many times for a
// random one of the first users that Fill made. It runs them as the server does, prepared,
// as todo_app and in the scope of the user, and takes back what they wrote.
func CountBuffers(ctx context.Context, databaseURL string, users, runs int) ([]Buffers, error) {
	var counted []Buffers
	err := with(ctx, databaseURL, func(conn *pgx.Conn) error {
		for _, query := range queries {
			sum := Buffers{Query: query.name}
			// What a connection reads but once, such as the catalog, the first run reads.
			for run := range runs + 1 {
				recorder := &db.Recorder{}
				user := 1 + rand.IntN(users)
				query.send(db.New(recorder), ctx, user)
				all, read, err := countBuffers(ctx, conn, UserID(user), recorder)
				if err != nil {
					return fmt.Errorf("%s: %w", query.name, err)
				}
				if run > 0 {
					sum.All += all / float64(runs)
					sum.Read += read / float64(runs)
				}
			}
			counted = append(counted, sum)
		}
		return nil
	})
	return counted, err
}

func countBuffers(ctx context.Context, conn *pgx.Conn, user string, query *db.Recorder) (all, read float64, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "SELECT set_config('role', 'todo_app', true), set_config('app.user_id', $1, true)", user); err != nil {
		return 0, 0, err
	}
	// Unlike the sum that EXPLAIN (ANALYZE, BUFFERS) shows this has what foreign keys ask for.
	const counters = `
		SELECT sum(pg_stat_get_xact_blocks_fetched(oid))::float8, sum(pg_stat_get_xact_blocks_fetched(oid) - pg_stat_get_xact_blocks_hit(oid))::float8
		FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')`
	var allBefore, readBefore float64
	if err := tx.QueryRow(ctx, counters).Scan(&allBefore, &readBefore); err != nil {
		return 0, 0, err
	}
	rows, err := tx.Query(ctx, query.SQL, query.Args...)
	if err != nil {
		return 0, 0, err
	}
	found := 0
	for rows.Next() {
		found++
	}
	if err := rows.Err(); err != nil {
		return 0, 0, err
	}
	if found == 0 {
		return 0, 0, fmt.Errorf("no row of %s", user)
	}
	err = tx.QueryRow(ctx, counters).Scan(&all, &read)
	return all - allBefore, read - readBefore, err
}

// Bytes are what a task takes on disk.
type Bytes struct{ Heap, Index float64 }

// BytesPerTask divides the size of the table of tasks, and that of its indexes, by the
// number of tasks.
func BytesPerTask(ctx context.Context, databaseURL string) (b Bytes, err error) {
	return b, with(ctx, databaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT pg_relation_size('tasks')::float8 / count(*), pg_indexes_size('tasks')::float8 / count(*)
			FROM tasks`).Scan(&b.Heap, &b.Index)
	})
}
