//go:build !race

package http_test

import (
	"runtime"
	"testing"
)

// allocationBudgets are the most allocations that a request may cost the whole server:
// net/http, this package and package db.
var allocationBudgets = map[string]float64{
	"get": 60, "list": 120, "list304": 60, "health": 55, "create": 100,
}

// TestAllocationsOfARequestStayWithinTheirBudget counts, since a time would say more of
// the machine than of the server. The race detector allocates too: `make test` runs this
// test without it.
func TestAllocationsOfARequestStayWithinTheirBudget(t *testing.T) {
	const warmUp, counted = 200, 2000
	address, requests := hotRequests(t)
	c := dial(t, address)
	for _, r := range requests {
		for range warmUp {
			c.send(t, r)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range counted {
			c.send(t, r)
		}
		runtime.ReadMemStats(&after)
		got := float64(after.Mallocs-before.Mallocs) / counted
		t.Logf("%s: %.1f allocations, %d bytes", r.name, got, (after.TotalAlloc-before.TotalAlloc)/counted)
		if budget := allocationBudgets[r.name]; got > budget {
			t.Errorf("%s: %.1f allocations, more than %.0f; `go test ./http -run '^$' -bench Request/%s -memprofile mem.out -memprofilerate 1` tells where", r.name, got, budget, r.name)
		}
	}
}
