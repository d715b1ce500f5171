// Package db is the only way to PostgreSQL at run time: the queries that sqlc compiled
// from sql/queries, the scope of one user in which alone they run, errors by SQLSTATE,
// and the start-up check.
//
// A query goes through these files, top to bottom: scope.go (who asks), retry.go (what
// is sent again), lanes.go (whose turn it is), lane.go and session.go (settings and query
// in one round trip, with those of others), request.go, rows.go and decode.go (its
// results). Where its connection comes from is in connect.go, acquire.go and alive.go, and
// what asks after the database itself in probe.go and check.go.
package db
