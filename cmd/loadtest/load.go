package main

import (
	"context"
	"fmt"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// load is requests for some time.
type load struct {
	name     string
	clients  int // closed loop: as many send one request after another
	rate     int // open loop: as many are sent a second, whatever became of the others
	duration time.Duration
	// result is called for every result in turn, if not nil.
	result func(*vegeta.Result) error
}

// measured is what became of the requests of one kind, or of all kinds.
type measured struct {
	vegeta.Metrics
	failed uint64
}

// outcome is what became of a load.
type outcome struct {
	all    measured
	kinds  map[string]*measured
	errors map[string]int
}

// send sends a load to a server. A reply whose status is another than that of success
// has failed.
func (l load) send(ctx context.Context, s *server, targets vegeta.Targeter) (*outcome, error) {
	workers, most, pacer := l.clients, l.clients, vegeta.Rate{}
	if l.rate > 0 {
		workers, most, pacer = 100, maxConnections, vegeta.Rate{Freq: l.rate, Per: time.Second}
	}
	attacker := vegeta.NewAttacker(
		vegeta.Client(s.client), vegeta.Redirects(vegeta.NoFollow),
		vegeta.Workers(uint64(workers)), vegeta.MaxWorkers(uint64(most)),
	)
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()

	o := &outcome{kinds: map[string]*measured{}, errors: map[string]int{}}
	var failure error
	for r := range attacker.Attack(targets, pacer, l.duration, l.name) {
		k := kindOf(r)
		if r.Error == "" && int(r.Code) != k.status {
			r.Error = fmt.Sprintf("%d instead of %d", r.Code, k.status)
		}
		if o.kinds[k.name] == nil {
			o.kinds[k.name] = &measured{}
		}
		for _, m := range []*measured{&o.all, o.kinds[k.name]} {
			m.Add(r)
			if r.Error != "" {
				m.failed++
			}
		}
		if r.Error != "" {
			o.errors[k.name+": "+r.Error]++
		}
		if l.result != nil && failure == nil {
			failure = l.result(r)
		}
	}
	o.all.Close()
	for _, m := range o.kinds {
		m.Close()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return o, failure
}

// throughput is how many requests a second succeeded.
func (o *outcome) throughput() float64 {
	return float64(o.all.Requests-o.all.failed) / (o.all.Duration + o.all.Wait).Seconds()
}
