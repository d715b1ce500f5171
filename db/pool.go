package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/securetodo/securetodo/db/pgerr"
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

// Pool is a pool of connections. It runs the generated queries, each in the scope of
// one user (As, Export). What runs outside of a scope reads no user's rows: whether the
// database answers (Ping), whether the server may work there (Check), and whether there
// ever were tasks (NeverHadTasks).
type Pool struct {
	pool       *pgxpool.Pool
	userLimit  userLimit
	prepares   atomic.Bool
	adapts     bool // stops preparing where a pooler does not keep up with it
	unprepare  sync.Once
	generation atomic.Int64 // of the texts that are sent; see retry

	distributed bool
	log         *slog.Logger // nil for none
}

// Option changes how a pool works.
type Option func(*Pool)

// WithLogger logs what the pool finds out about a pooler.
func WithLogger(log *slog.Logger) Option { return func(p *Pool) { p.log = log } }

// Open prepares a pool for a PostgreSQL URL and connects to nothing yet. The URL
// may carry pgx's parameters, such as pool_max_conns. The error never repeats the
// URL, which holds a password.
//
// Statements are prepared once per connection, until a pooler turns out not to keep
// them apart: from then on none is. Where the URL has default_query_exec_mode, this
// never changes: cache_statement always prepares, by the pool's own means, and the
// other modes are pgx's.
func Open(ctx context.Context, url string, options ...Option) (*Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, pgerr.ErrURL
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = max(config.MaxConns, maxConns)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	p := &Pool{
		userLimit: userLimit{conns: max(1, int(config.MaxConns)/4), users: map[string]*userConns{}},
		adapts:    !strings.Contains(url, "default_query_exec_mode="),
	}
	if config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// pgx would take a result for what it was when the statement was prepared,
		// and through a pooler it need not be any more. In exec mode each result
		// describes itself, also one of a statement that prepare has prepared.
		p.prepares.Store(true)
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		// Without a described statement (exec mode) pgx knows a parameter's type
		// only by its Go type.
		conn.TypeMap().RegisterDefaultPgType(uuid.UUID{}, "uuid")
		conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
		return nil
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	for _, option := range options {
		option(p)
	}
	return p, nil
}

// Close closes the connections and waits for those in use.
func (p *Pool) Close() { p.pool.Close() }

// acquire waits for a free connection, acquireTimeout at most.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := p.pool.Acquire(wait)
	if err != nil {
		return nil, waitError(ctx, err)
	}
	return conn, nil
}

// acquireFor is acquire within the limit of one user. release gives the connection back.
func (p *Pool) acquireFor(ctx context.Context, userID string) (conn *pgxpool.Conn, release func(), err error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	releaseSlot, err := p.userLimit.acquire(wait, userID)
	if err != nil {
		return nil, nil, waitError(ctx, err)
	}
	if conn, err = p.pool.Acquire(wait); err != nil {
		releaseSlot()
		return nil, nil, waitError(ctx, err)
	}
	return conn, func() { conn.Release(); releaseSlot() }, nil
}

// waitError distinguishes a client that left from a database that has no connection.
func waitError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return &unavailableError{cause: noConnectionError{err}}
}

// noConnectionError is why there was no connection to send anything on.
type noConnectionError struct{ error }

func (e noConnectionError) Unwrap() error { return e.error }

// NeverHadTasks reports whether the table of tasks has held nothing since it was made
// or truncated. It reads the table's size, since row-level security shows a login no
// rows to count.
func (p *Pool) NeverHadTasks(ctx context.Context) (bool, error) {
	var empty bool
	err := p.pool.QueryRow(ctx, "SELECT pg_relation_size('tasks') = 0").Scan(&empty)
	return empty, translate(err)
}
