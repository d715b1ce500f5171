package db

import (
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Scope is a user's scope itself, for SQL that no generated query says.
func (p *Pool) Scope(userID string) DBTX {
	return scope{pool: p, userID: userID, limit: statementTimeout}
}

// Statements are the texts of the generated queries by name.
func Statements(ctx context.Context) map[string]string { return statements(ctx) }

// Leftovers says what a connection of the pool still carries of a scope, "" for
// nothing.
func (p *Pool) Leftovers(ctx context.Context) string {
	var role, login, user string
	err := p.pool.QueryRow(ctx, "SELECT current_user::text, session_user::text, COALESCE(current_setting('app.user_id', true), '')").Scan(&role, &login, &user)
	if err != nil {
		return err.Error()
	}
	if role != login || user != "" {
		return fmt.Sprintf("the connection still has role %q and user %q", role, user)
	}
	return ""
}

// CheckWallAfter looks at the third wall in a transaction that damages it first
// and is rolled back.
func (p *Pool) CheckWallAfter(ctx context.Context, damage string) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, damage); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, enterScope, "", milliseconds(statementTimeout)); err != nil {
		return err
	}
	return checkWall(ctx, tx)
}

// Call is what a generated query sends to the database for its parameters.
func Call(ctx context.Context, name string, params any) (sql string, args []any) {
	heard := &caller{}
	reflect.ValueOf(New(heard)).MethodByName(name).Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(params)})
	return heard.sql, heard.args
}

// caller is a DBTX that remembers the last query with its arguments.
type caller struct {
	listener
	args []any
}

func (c *caller) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.args = args
	return c.listener.Exec(ctx, sql, args...)
}

func (c *caller) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.args = args
	return c.listener.Query(ctx, sql, args...)
}

func (c *caller) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.args = args
	return c.listener.QueryRow(ctx, sql, args...)
}

// CheckFor is Check for a program that was built for version latest and needs oldest.
func (p *Pool) CheckFor(ctx context.Context, oldest, latest uint) (Schema, error) {
	return p.checkFor(ctx, oldest, latest)
}

// StopPreparing does so.
func (p *Pool) StopPreparing() { p.stopPreparing() }

// Idle is how many connections nobody uses.
func (p *Pool) Idle() int { return int(p.pool.Stat().IdleConns()) }

// Warm has the pool hold that many idle connections.
func (p *Pool) Warm(ctx context.Context, conns int) error {
	for range conns {
		conn, err := p.acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

// Walled are the tables whose wall the check knows, each with its owner's column.
func Walled() map[string]string {
	columns := map[string]string{}
	for _, w := range ownedTables {
		columns[w.Table] = w.OwnerColumn
	}
	return columns
}
