package measure

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NewOwnedDatabase makes an empty database on the server of a superuser's URL, owned by a
// new login of the same name that is no superuser, as hosts give it: with CREATEROLE and
// CREATEDB. It returns the URL for that login.
func NewOwnedDatabase(ctx context.Context, serverURL, name string) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return "", errors.New("the URL of the server is none")
	}
	owner, password := pgx.Identifier{name}.Sanitize(), rand.Text()
	u.User, u.Path = url.UserPassword(name, password), "/"+name
	return u.String(), execute(
		ctx, serverURL,
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' NOSUPERUSER CREATEROLE CREATEDB BYPASSRLS", owner, password),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", owner, owner),
	)
}

// SetReadOnly has all sessions of a server refuse to write, or takes that back. It is what
// those who write meet on a server that failed over to a replica.
func SetReadOnly(ctx context.Context, serverURL string, readOnly bool) error {
	change := "ALTER SYSTEM RESET default_transaction_read_only"
	if readOnly {
		change = "ALTER SYSTEM SET default_transaction_read_only = on"
	}
	return execute(ctx, serverURL, change, "SELECT pg_reload_conf()")
}

// Terminate ends all connections to a database but the one that asks.
func Terminate(ctx context.Context, databaseURL string) error {
	return execute(ctx, databaseURL, `
		SELECT pg_terminate_backend(pid)
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
}

// StoredTask is what a checker compares of a row.
type StoredTask struct {
	UserID, Title string
	ID            uuid.UUID
	Completed     bool
	Version       int64
}

// Stored are all tasks of all users and the ids of those of which a tombstone tells, as
// one snapshot has them.
func Stored(ctx context.Context, databaseURL string) (tasks []StoredTask, deleted []uuid.UUID, err error) {
	return tasks, deleted, with(ctx, databaseURL, func(conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		rows, err := tx.Query(ctx, "SELECT user_id, title, id, completed, version FROM tasks")
		if err != nil {
			return err
		}
		if tasks, err = pgx.CollectRows(rows, pgx.RowToStructByPos[StoredTask]); err != nil {
			return err
		}
		if rows, err = tx.Query(ctx, "SELECT id FROM deleted_tasks"); err != nil {
			return err
		}
		deleted, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
}
