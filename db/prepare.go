package db

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
)

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

// checkPreparing checks that a statement can be prepared, which the login does before it
// enters a scope: so it is the login's own search_path that has to lead to the tables.
func (p *Pool) checkPreparing(ctx context.Context, conn *pgx.Conn) error {
	if !p.preparesStatements() {
		return nil
	}
	_, err := conn.PgConn().Prepare(ctx, "", getUser, nil)
	if !isCode(pgerrcode.UndefinedTable)(err) {
		return translate(err)
	}
	var remedy string
	if err := conn.QueryRow(ctx, preparingRemedy).Scan(&remedy); err != nil {
		return translate(err)
	}
	return errors.New(remedy)
}

// preparingRemedy gives the login what it lacks to find the tables.
const preparingRemedy = `
SELECT CASE
  WHEN NOT pg_catalog.has_schema_privilege('public', 'USAGE') THEN
    pg_catalog.format('login %I may not use schema public, where the tables are: run GRANT USAGE ON SCHEMA public TO %1$I', session_user::text)
  ELSE
    pg_catalog.format('the search_path of login %I is %s, in which no table of the server is: ', session_user::text, pg_catalog.quote_literal(setting))
      OPERATOR(pg_catalog.||) CASE source
        WHEN 'database' THEN pg_catalog.format('run ALTER DATABASE %I RESET search_path', pg_catalog.current_database())
        WHEN 'database user' THEN pg_catalog.format('run ALTER ROLE %I IN DATABASE %I RESET search_path', session_user::text, pg_catalog.current_database())
        WHEN 'client' THEN 'leave search_path out of DATABASE_URL'
        ELSE pg_catalog.format('run ALTER ROLE %I SET search_path = "$user", public', session_user::text)
      END
END
FROM pg_catalog.pg_settings
WHERE name = 'search_path'`
