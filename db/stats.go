package db

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Stats are those of all lanes of a pool. What never falls, here and below, is counted
// since the pool was opened.
type Stats struct {
	Reads, Writes, Heavy, Exports LaneStats
}

// LaneStats are those of the lanes of one kind.
type LaneStats struct {
	Max     int // how many lanes there are
	Busy    int // how many of them have requests
	Waiting int // how many requests wait for one
	// Batches are those that ever were on a lane, and Requests how many requests they had.
	Batches, Requests int64

	// Waits are the requests that waited for a lane and got it, and Waited how long they
	// waited in all.
	Waits  int64
	Waited time.Duration
	// Full are the requests for which there was no place to wait, and Late those that
	// waited in vain.
	Full, Late int64
}

// ConnectionStats are those of the connections that the lanes, and what runs outside of
// a scope, share.
type ConnectionStats struct {
	Max, InUse, Idle, Connecting int
	// Opened are those that were ever opened. Expired ones were closed for their age, and
	// IdledOut ones for want of use.
	Opened, Expired, IdledOut int64
	// Canceled are the waits for a connection that ended without one.
	Canceled int64
}

// Stats returns what the lanes do now, and what they have done.
func (p *Pool) Stats() Stats {
	return Stats{p.reads.statistics(), p.writes.statistics(), p.heavy.statistics(), p.exports.statistics()}
}

// Connections returns what the connections do now, and what became of them.
func (p *Pool) Connections() ConnectionStats {
	c := p.pool.Stat()
	return ConnectionStats{
		Max: int(c.MaxConns()), InUse: int(c.AcquiredConns()), Idle: int(c.IdleConns()), Connecting: int(c.ConstructingConns()),
		Opened: c.NewConnsCount(), Expired: c.MaxLifetimeDestroyCount(), IdledOut: c.MaxIdleDestroyCount(), Canceled: c.CanceledAcquireCount(),
	}
}

// Retries returns how often a statement was sent again, by the name of the rule that
// says so. Every rule is there.
func (p *Pool) Retries() map[string]int64 {
	counts := make(map[string]int64, len(rules))
	for i, rule := range rules {
		counts[rule.name] = p.retries[i].Load()
	}
	return counts
}

func (l *lanes) statistics() LaneStats {
	l.mu.Lock()
	s := l.stats
	l.mu.Unlock()
	s.Waits, s.Waited = l.waits.count.Load(), time.Duration(l.waits.took.Load())
	s.Full, s.Late = l.waits.full.Load(), l.waits.late.Load()
	return s
}

// waits counts what became of the requests that found no lane free.
type waits struct{ count, took, full, late atomic.Int64 }

func (w *waits) served(since time.Time) {
	w.count.Add(1)
	w.took.Add(int64(time.Since(since)))
}

// refused counts a request that gets no lane, unless its client has left.
func (w *waits) refused(ctx context.Context, cause error) {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case cause == errQueueFull:
		w.full.Add(1)
	default:
		w.late.Add(1)
	}
}
