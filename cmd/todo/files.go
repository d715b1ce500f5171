package main

import (
	"runtime/debug"

	"github.com/securetodo/securetodo/db"
)

const (
	// filesAside are for what is neither a client nor the database: the log, time zones,
	// the issuer's keys.
	filesAside = 64
	// connectionBytes is what a connection takes that waits for its next request, and
	// somewhat more than a stream does.
	connectionBytes = 24 << 10
	// mostStreams is what package http lets be, which takes 170 MiB, and mostConnections
	// leaves room for as many requests.
	mostStreams, mostConnections = 10_000, 2 * mostStreams
)

// maxConnections is how many clients may be connected at once: so few that the limit of
// open files (ulimit -n) leaves room for the database and the probes, and that they take a
// quarter of Go's memory at most. Go has raised the limit of files to the hard one.
func maxConnections(pool *db.Pool) int {
	return connectionsWithin(openFiles(), debug.SetMemoryLimit(-1), pool.Connections().Max+1) // that of probes
}

// connectionsWithin reckons with twice the connections to the database: one that is being
// closed, or asked to cancel a query, has a successor already.
func connectionsWithin(openFiles uint64, memory int64, database int) int {
	files := int(min(openFiles, 1<<20))
	room := max(files/4, filesAside+maxAdminConnections+2*database)
	return max(1, min(mostConnections, max(files-room, files/4), int(memory/4/connectionBytes)))
}

// maxStreams leaves half of the connections to requests: streams do not end when another
// client waits.
func maxStreams(connections int) int { return min(mostStreams, max(1, connections/2)) }
