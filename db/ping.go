package db

import (
	"context"
	"time"
)

// Ping checks that the database answers; the error is ErrUnavailable where it does not.
func (p *Pool) Ping(ctx context.Context) error {
	return p.retry(ctx, newTries(false, false), func(string) error { return p.ping(ctx) })
}

func (p *Pool) ping(ctx context.Context) error {
	conn, err := p.acquire(ctx, time.Now().Add(acquireTimeout))
	if err != nil {
		return err
	}
	defer conn.Release()
	start := time.Now()
	defer func() { recordTiming(ctx, "Ping", time.Since(start)) }()
	return translate(conn.Ping(ctx))
}
