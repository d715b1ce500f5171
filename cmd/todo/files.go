package main

import (
	"syscall"

	"github.com/securetodo/securetodo/db"
)

const (
	// filesAside are for what is neither a client nor the database: the log, time zones,
	// the issuer's keys.
	filesAside = 64
	// mostStreams is that of package http: more would take more memory than a server has.
	mostStreams = 10_000
)

// maxConnections is how many clients may be connected at once, so that the limit of open
// files (ulimit -n) leaves room for the database and the probes: a quarter of it at
// least. Go has raised the limit to the hard one.
func maxConnections(pool *db.Pool) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		limit.Cur = 1024
	}
	return connectionsWithin(int(min(limit.Cur, 1<<20)), pool.Connections())
}

// connectionsWithin reckons with twice the connections to the database: one that is being
// closed, or asked to cancel a query, has a successor already.
func connectionsWithin(files, database int) int {
	room := max(files/4, filesAside+maxAdminConnections+2*database)
	return max(files-room, files/4, 1)
}

// maxStreams leaves half of the connections to requests: streams do not end when another
// client waits.
func maxStreams(connections int) int { return min(mostStreams, max(1, connections/2)) }
