package db

import (
	"context"
	"fmt"
	"time"
)

// Scope is a user's scope itself, for SQL that no generated query says.
func (p *Pool) Scope(userID string) DBTX {
	return scope{pool: p, settings: settings{userID: userID, limit: statementTimeout}}
}

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

// CheckRLSAfter checks row-level security in a transaction that damages it first
// and is rolled back.
func (p *Pool) CheckRLSAfter(ctx context.Context, damage string) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, damage); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, setScope, "", milliseconds(statementTimeout)); err != nil {
		return err
	}
	return checkRLS(ctx, tx)
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
		conn, err := p.acquire(ctx, time.Now().Add(acquireTimeout))
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

// Rules are the names of what becomes of a statement that failed.
func Rules() []string {
	var names []string
	for _, rule := range rules {
		names = append(names, rule.name)
	}
	return names
}

// Decode reads one value in binary format.
func Decode(oid uint32, src []byte, dest any) bool { return new(decoder).value(oid, src, dest) }

// ColumnsOf are the destinations of a row of tasks.
func ColumnsOf(t *Task) []any { return columnsOf(t) }
