package db

import (
	"context"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/securetodo/securetodo/db/pgerr"
)

const (
	// connectTimeout is how long one attempt to connect may take where the URL says
	// nothing. A request waits for more than one: a database that wakes up, or has moved,
	// answers the next.
	connectTimeout = 2 * time.Second
	// silence is how long the network may keep from its sender whether the other side is
	// there, where the operating system can be told so.
	silence = 2500 * time.Millisecond
	// maxConns is the pool's size where the URL has no pool_max_conns.
	maxConns = 24
)

// dialer finds out by itself when the other side of a connection is gone without a word,
// as behind a failover or a NAT that forgot it.
var dialer = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 2},
	Control:         limitSilence,
}

// configure reads a URL. adapts says that the URL leaves it to the pool whether
// statements are prepared.
func configure(url string) (config *pgxpool.Config, adapts bool, err error) {
	// Which parameters the URL has is known here alone: pgx removes those that it reads.
	said, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, false, pgerr.ErrURL
	}
	config, err = pgxpool.ParseConfig(url)
	if err != nil {
		return nil, false, pgerr.ErrURL
	}
	if _, ok := said.RuntimeParams["pool_max_conns"]; !ok {
		config.MaxConns = max(config.MaxConns, maxConns)
	}
	_, hasMode := said.RuntimeParams["default_query_exec_mode"]
	conn := config.ConnConfig
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectTimeout
	}
	conn.DialFunc = dialer.DialContext
	conn.LookupFunc = lookUp
	for name, value := range startParameters {
		conn.RuntimeParams[name] = value
	}
	return config, !hasMode, nil
}

// lookUp is pgx's own, which has no time-out.
func lookUp(ctx context.Context, host string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return net.DefaultResolver.LookupHost(ctx, host)
}
