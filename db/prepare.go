package db

import "strconv"

// suffixOf makes a text another statement in each generation. Generation 0 is the text
// as sqlc wrote it.
func suffixOf(generation int64) string {
	if generation == 0 {
		return ""
	}
	return "\n-- " + strconv.FormatInt(generation, 36)
}

// preparesStatements reports whether statements are prepared by name: not in an engine
// that distributes rows, since each user's SET is a statement of its own.
func (p *Pool) preparesStatements() bool { return p.prepares.Load() && !p.distributed }

// stopPreparing replaces the connections by ones without prepared statements, once.
// Callers that come meanwhile wait: retrying earlier would meet the old connections.
func (p *Pool) stopPreparing() {
	p.unprepare.Do(func() {
		p.prepares.Store(false)
		p.pool.Reset()
		if p.log != nil {
			p.log.Warn("the database is behind a pooler that does not keep prepared statements apart, so the server prepares none any more, which costs throughput: give PgBouncer 1.21 or newer max_prepared_statements")
		}
	})
}
