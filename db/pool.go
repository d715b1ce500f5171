package db

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"
)

const (
	// lightTimeout is how long a query may take that reads or writes a few rows by an index.
	// It is longer than one waits for a lock, and short, since a connection that went silent
	// with such a query on it is not found out any sooner.
	lightTimeout = 2200 * time.Millisecond
	// heavyTimeout is that of all others, but for exports: a search through 100,000 tasks
	// takes about a second of a processor.
	heavyTimeout = 10 * time.Second
	// timeoutSlack is how long after that the network is given up.
	timeoutSlack = 300 * time.Millisecond
	// maxExports is how many connections exports may hold, and no more than a quarter.
	maxExports = 2
)

// Pool is a pool of connections. It runs the generated queries, each in the scope of
// one user (As, Export). What runs outside of a scope reads no user's rows: whether the
// database answers (Ping), whether the server may work there (Check), and whether there
// ever were tasks (NeverHadTasks).
type Pool struct {
	pool *pgxpool.Pool
	// places are as many as the pool may have connections.
	places *semaphore.Weighted
	// probes has one connection more, which is kept for probes.
	probes   *pgxpool.Pool
	answered atomic.Int64 // when the last request was, in Unix nanoseconds
	passed   atomic.Pointer[Schema]

	suspecting sync.Mutex
	suspected  time.Time // see suspect

	// reads are the lanes of queries that read a few rows by an index, writes those of
	// writes of one task, and heavy those of all others.
	reads, writes, heavy, exports *lanes

	prepares   atomic.Bool
	adapts     bool // stops preparing where a pooler does not keep up with it
	unprepare  sync.Once
	generation atomic.Int64 // of the texts that are sent; see retry

	distributed bool
	name        string         // see WithName
	log         *slog.Logger   // nil for none
	retries     []atomic.Int64 // by rule
}

// Option changes how a pool works.
type Option func(*Pool)

// WithLogger logs what the pool finds out about a pooler.
func WithLogger(log *slog.Logger) Option { return func(p *Pool) { p.log = log } }

// WithName is the application_name of the connections, where the URL and PGAPPNAME have
// none; that of the connection for probes has " probe" behind it. It is "todo" if not set.
func WithName(name string) Option { return func(p *Pool) { p.name = name } }

// Open prepares a pool for a PostgreSQL URL and connects to nothing yet. The URL
// may carry pgx's parameters, such as pool_max_conns. The error never repeats the
// URL, which holds a password.
//
// Statements are prepared once per connection, until a pooler turns out not to keep
// them apart: from then on none is. Where the URL has default_query_exec_mode, this
// never changes: cache_statement always prepares, by the pool's own means, and each other
// mode is taken for exec.
func Open(ctx context.Context, url string, options ...Option) (*Pool, error) {
	config, adapts, err := configure(url)
	if err != nil {
		return nil, err
	}
	p := &Pool{adapts: adapts, name: "todo", retries: make([]atomic.Int64, len(rules)), places: semaphore.NewWeighted(int64(config.MaxConns))}
	p.divide(int(config.MaxConns))
	p.prepares.Store(config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement)
	// What runs outside of a scope.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.AfterConnect = p.newSession
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.PrepareConn = p.isAlive
	// Before a connection is made, which works as they say.
	for _, option := range options {
		option(p)
	}
	probes := config.Copy()
	if parameters := config.ConnConfig.RuntimeParams; parameters["application_name"] == "" {
		parameters["application_name"] = p.name
		probes.ConnConfig.RuntimeParams["application_name"] = p.name + " probe"
	}
	probes.MaxConns, probes.MinConns, probes.MinIdleConns = 1, 0, 0
	if p.probes, err = pgxpool.NewWithConfig(ctx, probes); err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	// Probes wait for no other connection.
	config.ConnConfig.DialFunc = connecting{semaphore.NewWeighted(maxConnecting)}.dial
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		p.probes.Close()
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	return p, nil
}

// divide divides the connections into lanes. From 4 on there is a lane for each, so that
// none waits for another; below they do. Exports leave one connection to the others, where
// there are two.
func (p *Pool) divide(conns int) {
	p.reads = p.newLanes(conns/6, maxBatch, conns/12, lightTimeout)
	p.heavy = p.newLanes(conns/6, 1, conns/12, heavyTimeout)
	p.heavy.slow.max = max(1, p.heavy.stats.Max/2)
	p.exports = p.newLanes(min(maxExports, conns/4), 1, 1, exportTimeout)
	// Each waits for its commit, and those that wait together are committed together.
	p.writes = p.newLanes(conns-p.reads.stats.Max-p.heavy.stats.Max-p.exports.stats.Max, 1, conns/6, lightTimeout)
}

// WithDistributed is for an engine that spreads rows over nodes (Citus): it passes SET
// LOCAL in an explicit transaction on to them, which set_config it does not. Every
// PostgreSQL understands it.
func WithDistributed(p *Pool) { p.distributed = true }

// Close closes the connections and waits for those in use.
func (p *Pool) Close() {
	p.probes.Close()
	p.pool.Close()
}

// NeverHadTasks reports whether the table of tasks has held nothing since it was made
// or truncated. It reads the table's size, since row-level security shows a login no
// rows to count.
func (p *Pool) NeverHadTasks(ctx context.Context) (bool, error) {
	var empty bool
	err := p.pool.QueryRow(ctx, "SELECT pg_catalog.pg_relation_size('public.tasks') = 0").Scan(&empty)
	return empty, translate(err)
}
