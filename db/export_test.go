package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Scope is a user's scope itself, for SQL that no generated query says.
func (p *Pool) Scope(userID string) DBTX {
	return scope{pool: p, settings: settings{userID: userID}}
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
	if _, err := tx.Exec(ctx, setNoScope, "", milliseconds(lightTimeout)); err != nil {
		return err
	}
	return checkRLS(ctx, tx, true)
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
		defer p.release(conn)
	}
	return nil
}

// Why a request got no lane.
var (
	ErrQueueFull = errQueueFull
	ErrNoLane    = errNoLane
)

func (p *Pool) allLanes() []*lanes { return []*lanes{p.reads, p.writes, p.heavy, p.exports} }

// AddWaiting has as many reads more wait, which there are not.
func (p *Pool) AddWaiting(requests int) {
	p.reads.mu.Lock()
	defer p.reads.mu.Unlock()
	p.reads.stats.Waiting += requests
}

// KnownUsers is how many users the lanes remember.
func (p *Pool) KnownUsers() (users int) {
	for _, l := range p.allLanes() {
		l.mu.Lock()
		users += len(l.users)
		l.mu.Unlock()
	}
	return users
}

// Ready is how many users take turns at the lanes of reads.
func (p *Pool) Ready() int {
	p.reads.mu.Lock()
	defer p.reads.mu.Unlock()
	return len(p.reads.ready)
}

// WaitingForConnections is how many lanes wait for a connection while all are in use.
func (p *Pool) WaitingForConnections() int {
	lanes := 0
	for _, l := range p.allLanes() {
		lanes += l.statistics().Busy
	}
	return lanes - int(p.pool.Stat().AcquiredConns())
}

// LanesOf is the kind of lanes that a query is on, and how many requests one carries.
func (p *Pool) LanesOf(query string) (kind string, size int) {
	l := p.lanesOf(query)
	return map[*lanes]string{p.reads: "reads", p.writes: "writes", p.heavy: "heavy"}[l], l.size
}

// IsDirect reports whether a connection knows that no pooler is between.
func (p *Pool) IsDirect(ctx context.Context) (bool, error) {
	conn, err := p.acquire(ctx, time.Now().Add(acquireTimeout))
	if err != nil {
		return false, err
	}
	defer p.release(conn)
	return sessionOf(conn.Conn()).isDirect, nil
}

// IsRead reports whether a query only reads.
func IsRead(sql string) bool { return isRead(sql) }

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

// AddWaitingOf has a user whose request is on a lane of reads seem to have that many more
// that wait.
func (p *Pool) AddWaitingOf(userID string, n int) {
	p.reads.mu.Lock()
	defer p.reads.mu.Unlock()
	p.reads.users[userID].waiting = make([]*request, n)
}

// Age makes the idle connections seem to have been used that long ago.
func (p *Pool) Age(ctx context.Context, by time.Duration) {
	for _, pool := range []*pgxpool.Pool{p.pool, p.probes} {
		for _, conn := range pool.AcquireAllIdle(ctx) {
			defer conn.Release()
			s := sessionOf(conn.Conn())
			s.used = s.used.Add(-by)
		}
	}
}

// Made is how many connections the pool ever made for requests.
func (p *Pool) Made() int { return int(p.pool.Stat().NewConnsCount()) }

// Configuration is how many connections the pool may have, and whether it finds out by
// itself what a pooler keeps apart.
func (p *Pool) Configuration() (conns int, adapts bool) {
	return int(p.pool.Config().MaxConns), p.adapts
}

// SlowUsers are those whose heavy requests took long.
func (p *Pool) SlowUsers() []string {
	p.heavy.mu.Lock()
	defer p.heavy.mu.Unlock()
	return slices.Collect(maps.Keys(p.heavy.slow.until))
}

// Explain plans a statement and begins to execute it, with parameters as a request has
// them, all NULL.
func Explain(ctx context.Context, conn *pgx.Conn, statement string) error {
	count := 0
	for _, parameter := range placeholder.FindAllString(statement, -1) {
		n, _ := strconv.Atoi(parameter[1:])
		count = max(count, n)
	}
	_, err := conn.PgConn().ExecParams(ctx, "EXPLAIN "+statement, make([][]byte, count), nil, nil, nil).Close()
	return err
}

// HandWritten are the statements that no query file has.
func HandWritten() []string {
	return []string{setScope, rlsFaults, sessionSettings, hardeningFaults, distributionFaults}
}
