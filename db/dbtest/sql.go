package dbtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs SQL on a database, statements separated by semicolons.
func Exec(t testing.TB, databaseURL, sql string) {
	t.Helper()
	if err := execute(context.WithoutCancel(t.Context()), databaseURL, sql); err != nil {
		t.Fatal(err)
	}
}

// Value runs a query that yields one value.
func Value[T any](t testing.TB, databaseURL, sql string, args ...any) T {
	t.Helper()
	// A test's cleanup, when its context has ended, may ask too.
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var value T
	if err := conn.QueryRow(ctx, sql, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func execute(ctx context.Context, databaseURL, sql string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
