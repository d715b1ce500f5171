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
	maxConns = 24
	// maxExports is how many of them exports may hold, which end when their reader has
	// read all.
	maxExports = 2
)

// Pool is a pool of connections. It runs the generated queries, each in the scope of
// one user (As, Export). What runs outside of a scope reads no user's rows: whether the
// database answers (Ping), whether the server may work there (Check), and whether there
// ever were tasks (NeverHadTasks).
type Pool struct {
	pool *pgxpool.Pool
	// reads are the lanes of queries that read a few rows by an index, writes those of
	// writes of one task, and heavy those of all others.
	reads, writes, heavy, exports *lanes

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
// never changes: cache_statement always prepares, by the pool's own means, and each other
// mode is taken for exec.
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
		adapts: !strings.Contains(url, "default_query_exec_mode="),
	}
	// Together they are as many as there are connections, so that none waits for another.
	conns := int(config.MaxConns)
	p.reads = p.newLanes(conns/6, maxBatch, conns/12)
	p.heavy = p.newLanes(conns/6, 1, conns/12)
	p.exports = p.newLanes(maxExports, 1, 1)
	// Each waits for its commit, and those that wait together are committed together.
	p.writes = p.newLanes(conns-p.reads.stats.Max-p.heavy.stats.Max-maxExports, 1, conns/6)
	p.prepares.Store(config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement)
	// What runs outside of a scope.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.AfterConnect = p.newSession
	// Before a connection is made, which works as they say.
	for _, option := range options {
		option(p)
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	return p, nil
}

// WithDistributed is for an engine that spreads rows over nodes (Citus): it passes SET
// LOCAL in an explicit transaction on to them, which set_config it does not. Every
// PostgreSQL understands it.
func WithDistributed(p *Pool) { p.distributed = true }

// Close closes the connections and waits for those in use.
func (p *Pool) Close() { p.pool.Close() }

// acquire waits for a free connection.
func (p *Pool) acquire(ctx context.Context, until time.Time) (*pgxpool.Conn, error) {
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	conn, err := p.pool.Acquire(wait)
	if err != nil {
		return nil, waitError(ctx, err)
	}
	return conn, nil
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
