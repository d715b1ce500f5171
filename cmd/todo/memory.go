package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryRatio of a container's limit is for Go; the rest is what Go does not count, the
// program itself above all.
const memoryRatio = 0.9

// limitMemory has Go collect garbage earlier when the memory of the container runs
// short, unless GOMEMLIMIT is set. Where there is no limit, or none can be read, there
// is none for Go either.
func limitMemory(log *slog.Logger, container memlimit.Provider) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryRatio), memlimit.WithProvider(container))
	if err != nil {
		log.Debug("the memory limit of the container could not be read", "error", err.Error())
		return
	}
	log.Debug("memory", "limit", limit)
}
