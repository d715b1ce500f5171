package main

import (
	"errors"
	"log/slog"
	"math"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// TestServeKeepsItsMemoryWithinTheContainer reads back what the runtime was told.
func TestServeKeepsItsMemoryWithinTheContainer(t *testing.T) {
	const set = 5 << 30 // by GOMEMLIMIT
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	unreadable := func() (uint64, error) { return 0, errors.New("no cgroup") }
	for _, c := range []struct {
		name      string
		container memlimit.Provider
		variable  string
		want      int64
	}{
		{"a limit", memlimit.Limit(100 << 20), "", 90 << 20},
		{"no limit", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, "", math.MaxInt64},
		{"no cgroup", unreadable, "", math.MaxInt64},
		{"a limit, and one of the operator's", memlimit.Limit(100 << 20), "5GiB", set},
	} {
		t.Run(c.name, func(t *testing.T) {
			debug.SetMemoryLimit(math.MaxInt64)
			if c.variable != "" {
				t.Setenv("GOMEMLIMIT", c.variable)
				debug.SetMemoryLimit(set) // as the runtime does at the start
			}
			limitMemory(slog.New(slog.DiscardHandler), c.container)
			if got := debug.SetMemoryLimit(-1); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
