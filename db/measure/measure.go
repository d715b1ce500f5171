// Package measure makes databases of any size and tells what queries and rows cost there:
// for load tests, never for a server. It connects as a superuser, whom no wall binds,
// and runs queries behind the walls only where it measures them.
package measure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// NewDatabase makes an empty database on the server of a URL and returns its URL.
func NewDatabase(ctx context.Context, serverURL, name string) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return "", errors.New("the URL of the server is none")
	}
	u.Path = "/" + name
	return u.String(), execute(ctx, serverURL, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
}

// Checkpoint writes all of the server's data to its files, so that none of that is left
// to do while something is measured.
func Checkpoint(ctx context.Context, databaseURL string) error {
	return execute(ctx, databaseURL, "CHECKPOINT")
}

// execute runs statements one by one, each in a transaction of its own.
func execute(ctx context.Context, databaseURL string, statements ...string) error {
	return with(ctx, databaseURL, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				first, _, _ := strings.Cut(strings.TrimSpace(statement), "\n")
				return fmt.Errorf("%s: %w", first, err)
			}
		}
		return nil
	})
}

func with(ctx context.Context, databaseURL string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// Backends are the process ids of the connections to a database, but for the one that
// asks.
func Backends(ctx context.Context, databaseURL string) (pids []int, err error) {
	return pids, with(ctx, databaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT COALESCE(array_agg(pid), '{}')
			FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&pids)
	})
}
