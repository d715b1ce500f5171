package http

import (
	"context"
	"sync"
	"time"
)

const (
	// healthTimeout keeps a probe from waiting longer than probes usually do.
	healthTimeout = 2 * time.Second
	// maxFailureAge is how long an answer that is an error is reused at most.
	maxFailureAge = time.Second
)

// probe asks one question at a time for all who want to know, and reuses its answer. Who
// leaves ends nothing: neither the question nor what it is asked on.
type probe struct {
	ask    func(context.Context) error
	maxAge time.Duration // of an answer that is no error

	mu     sync.Mutex
	latest *probing // nil before the first
}

// probing is a question that was asked, and its answer when done is closed.
type probing struct {
	done chan struct{}
	err  error
	at   time.Time
}

// answer returns one that is at most maxAge old.
func (p *probe) answer(ctx context.Context) error {
	asked := p.asked()
	select {
	case <-asked.done:
		return asked.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *probe) asked() *probing {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == nil || p.latest.isOld(p.maxAge) {
		p.latest = &probing{done: make(chan struct{})}
		go p.latest.run(p.ask)
	}
	return p.latest
}

func (p *probing) run(ask func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	p.err = ask(ctx)
	p.at = time.Now()
	close(p.done)
}

func (p *probing) isOld(maxAge time.Duration) bool {
	select {
	case <-p.done:
	default:
		return false
	}
	if p.err != nil {
		maxAge = min(maxAge, maxFailureAge)
	}
	return time.Since(p.at) >= maxAge
}
