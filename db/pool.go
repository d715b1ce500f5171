package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// connectTimeout leaves a database that scaled to zero the time to wake up.
	connectTimeout = 15 * time.Second
	// acquireTimeout is how long a request waits for a free connection.
	acquireTimeout = 3 * time.Second
	// statementTimeout is how long a query may take, waiting for locks included.
	statementTimeout = 10 * time.Second
	// timeoutSlack is how long after that the network is given up.
	timeoutSlack = 2 * time.Second
	// maxConns is the pool's size where the URL has no pool_max_conns.
	maxConns = 16
)

// Pool is a pool of connections. It runs nothing but the generated queries, in
// the scope of one owner (As), and what the start needs to know (Check).
type Pool struct {
	pool   *pgxpool.Pool
	shares shares
	heals  atomic.Int64 // of statements that a migration outdated

	distributed bool
}

// Open prepares a pool for a PostgreSQL URL and connects to nothing yet. The URL
// may carry pgx's parameters, such as pool_max_conns and
// default_query_exec_mode=exec (for a pooler without prepared statements). The
// error never repeats the URL, which holds a password.
func Open(ctx context.Context, url string, options ...Option) (*Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errURL
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = max(config.MaxConns, maxConns)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		// Without a described statement (exec mode) pgx knows a parameter's type
		// only by its Go type.
		conn.TypeMap().RegisterDefaultPgType(uuid.UUID{}, "uuid")
		conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	p := &Pool{pool: pool, shares: shares{size: max(1, int(config.MaxConns)/4), users: map[string]*share{}}}
	for _, option := range options {
		option(p)
	}
	return p, nil
}

// Close closes the connections and waits for those in use.
func (p *Pool) Close() { p.pool.Close() }

// Ping asks the database for an answer; the error is ErrUnavailable without one.
func (p *Pool) Ping(ctx context.Context) error {
	err := p.ping(ctx)
	if isLostConnection(err) && ctx.Err() == nil {
		// The connection had died before; the database may be there.
		return p.ping(ctx)
	}
	return err
}

func (p *Pool) ping(ctx context.Context) error {
	conn, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	start := time.Now()
	defer func() { trace(ctx, "Ping", time.Since(start)) }()
	return translate(conn.Ping(ctx))
}

// acquire waits for a free connection, acquireTimeout at most.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := p.pool.Acquire(wait)
	if err != nil {
		return nil, explainWait(ctx, err)
	}
	return conn, nil
}

// acquireFor is acquire within a user's share of the connections. leave gives the
// connection back.
func (p *Pool) acquireFor(ctx context.Context, userID string) (conn *pgxpool.Conn, leave func(), err error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	leaveShare, err := p.shares.enter(wait, userID)
	if err != nil {
		return nil, nil, explainWait(ctx, err)
	}
	if conn, err = p.pool.Acquire(wait); err != nil {
		leaveShare()
		return nil, nil, explainWait(ctx, err)
	}
	return conn, func() { conn.Release(); leaveShare() }, nil
}

// explainWait tells a client that left from a database that has no connection.
func explainWait(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return &unavailableError{cause: err}
}

// NeverHadTasks tells whether the table of tasks has held nothing since it was made
// or truncated. It asks for the table's size, since row-level security shows a login
// no rows to count.
func (p *Pool) NeverHadTasks(ctx context.Context) (bool, error) {
	var empty bool
	err := p.pool.QueryRow(ctx, "SELECT pg_relation_size('tasks') = 0").Scan(&empty)
	return empty, translate(err)
}
