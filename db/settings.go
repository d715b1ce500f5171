package db

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lockTimeout is how long a statement waits for a lock: its own user's, but where somebody
// changes the schema.
const lockTimeout = "2s"

const (
	// searchPath is where names are looked for, whatever the login, the database or a schema
	// of the login's name has: behind pg_catalog, which comes first where it is not named,
	// and before temporary tables, which else come first.
	searchPath = "public, pg_temp"
	// catalogPath is that of statements that ask catalogs alone.
	catalogPath = "pg_catalog, pg_temp"

	// setScope makes the rest of the transaction todo_app's, for one user and a bounded
	// time. The settings end with the transaction, so the connection carries nothing
	// over. A startup parameter would not pass a pooler. It is parsed by the search_path of
	// the login.
	setScope   = setPath + searchPath + setOthers
	setNoScope = setPath + catalogPath + setOthers
	setPath    = "SELECT pg_catalog.set_config('search_path', '"
	setOthers  = "', true), pg_catalog.set_config('role', 'todo_app', true), pg_catalog.set_config('app.user_id', $1, true), pg_catalog.set_config('statement_timeout', $2, true), pg_catalog.set_config('lock_timeout', '" + lockTimeout + "', true)"
	// setRole is the part of it that a LOCK TABLE needs.
	setRole = "SET LOCAL ROLE todo_app"
)

// settings are those of one transaction.
type settings struct {
	userID string
	limit  time.Duration // per statement
	// snapshot has all queries that are sent together see the same state.
	snapshot bool
}

// milliseconds is how statement_timeout reads a duration.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// beginSnapshot begins a transaction whose queries all see the same state. A snapshot
// from before a change that rewrites a table finds the table empty after it, and
// waiting for the change comes too late then. LOCK TABLE takes no snapshot, so it comes
// first; setting the scope may take it.
var beginSnapshot = []string{
	"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	setRole,
	"LOCK TABLE public." + strings.Join(ownedTableNames(), ", public.") + " IN ACCESS SHARE MODE",
}

// beginDistributedSnapshot keeps Citus from taking the lock on every node, which fails
// while one is away. That of the coordinator is enough: a change takes its own there, too,
// and a node takes its snapshot when the query comes to it.
var beginDistributedSnapshot = slices.Insert(slices.Clone(beginSnapshot), 2, "SET LOCAL citus.enable_ddl_propagation = off")

// localSettings is setScope in statements that such an engine passes on. SET takes
// no parameters, so the user's id is a literal.
func localSettings(conn *pgx.Conn, s settings) ([]string, error) {
	user, err := literal(conn.PgConn(), s.userID)
	if err != nil {
		return nil, err
	}
	return []string{
		"SET LOCAL search_path = " + searchPath,
		setRole,
		"SET LOCAL app.user_id = " + user,
		"SET LOCAL statement_timeout = " + milliseconds(s.limit),
		"SET LOCAL lock_timeout = '" + lockTimeout + "'",
	}, nil
}

// literal quotes text. A node that has the statement passed on reads E'…' the same
// whatever its standard_conforming_strings.
func literal(conn *pgconn.PgConn, text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", errors.New("text that holds a NUL cannot be sent")
	}
	quoted, err := conn.EscapeString(text)
	if err != nil {
		return "", fmt.Errorf("quoting for SET LOCAL: %w", err)
	}
	return "E'" + strings.ReplaceAll(quoted, `\`, `\\`) + "'", nil
}
