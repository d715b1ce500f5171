package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/pgerr"
)

// setNoUser sets the scope of no user, the way queries set theirs, but for the search_path:
// what a check asks is called for what it is in pg_catalog alone.
func (p *Pool) setNoUser(ctx context.Context, tx pgx.Tx) error {
	if !p.distributed {
		_, err := tx.Exec(ctx, setNoScope, "", milliseconds(heavyTimeout))
		return err
	}
	settings, err := localSettings(tx.Conn(), settings{limit: heavyTimeout})
	if err != nil {
		return err
	}
	settings = append(settings, "SET LOCAL search_path = "+catalogPath)
	_, err = tx.Exec(ctx, strings.Join(settings, "; "))
	return err
}

// distributionFaults names what keeps Citus from running the queries as todo_app, with
// what to run. On any other PostgreSQL, which has no such setting, it is empty. Citus
// writes the defaults of an INSERT out as columns, for which a node wants the privilege.
const distributionFaults = `
SELECT format('SET LOCAL does not reach the nodes, where no query would find a row: run ALTER ROLE %I IN DATABASE %I SET citus.propagate_set_commands = ''local''', session_user, current_database())
WHERE NULLIF(current_setting('citus.propagate_set_commands', true), '') <> 'local'
UNION ALL
SELECT format('Citus names each column that has a default in an INSERT, and todo_app may not: run GRANT INSERT (%s) ON %s TO todo_app', string_agg(quote_ident(attname), ', ' ORDER BY attnum), attrelid::regclass)
FROM pg_attribute
WHERE attrelid IN (SELECT ('public.' || name)::regclass FROM unnest($1::text[]) AS name)
  AND atthasdef
  AND NULLIF(current_setting('citus.propagate_set_commands', true), '') IS NOT NULL
  AND NOT has_column_privilege(attrelid, attnum, 'INSERT')
GROUP BY attrelid`

func (p *Pool) checkDistribution(ctx context.Context, tx pgx.Tx) error {
	if !p.distributed {
		return nil
	}
	rows, err := tx.Query(ctx, distributionFaults, ownedTableNames())
	if err != nil {
		return translate(err)
	}
	faults, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return translate(err)
	case len(faults) > 0:
		return errors.New(faults[0])
	}
	return nil
}

// nodeOwners own nothing: each stands for the node that its rows would be on. With half
// of the nodes away, one time in 2^16 none of them is on another.
const nodeOwners = 16

// checkNodes is checkOnce on every node, or, where one is away, on the first that answers:
// the catalogs and one node are enough, or all servers would leave for the sake of a part
// of the users.
func (p *Pool) checkNodes(ctx context.Context, conn *pgx.Conn, oldest, latest uint) (schema Schema, err error) {
	owner := ""
	for n := range nodeOwners {
		if schema, err = p.checkOnce(ctx, conn, oldest, latest, owner); !p.isNodeAway(conn, err) {
			break
		}
		owner = fmt.Sprintf("todo-check-%d", n)
	}
	return schema, err
}

// hasPassed reports whether the queries are known to run on this schema, of which they are
// then not asked again, one excepted: Citus takes a node's time to explain them.
func (p *Pool) hasPassed(schema Schema) bool {
	last := p.passed.Load()
	return p.distributed && last != nil && *last == schema
}

// isNodeAway reports whether the database answered that it cannot reach one of its nodes:
// the connection goes on.
func (p *Pool) isNodeAway(conn *pgx.Conn, err error) bool {
	return p.distributed && pgerr.IsConnectionException(err) && !conn.IsClosed()
}
