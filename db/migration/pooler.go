package migration

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// comparisons is how often two connections are compared. One comparison already shows a
// pooler that hands out the connection that was given back last, as PgBouncer does; a busy
// pooler may give each its own by chance, and one that goes round several times in a row.
const comparisons, reads = 20, 3

// oddLockTimeout is longer than lockTimeout by what no login and no database has, so that
// whoever reads it back knows that the parameters of the start arrived.
func oddLockTimeout() string { return fmt.Sprintf("%dms", 10_000+1+mathrand.N(999)) }

// refusePooler refuses a pooler that has taken the parameters of the start and dropped them
// (ignore_startup_parameters), if it hands each transaction to another connection: there
// the advisory lock is taken in one session and looked for in the next. Parameters that
// did not arrive are no proof: Neon's proxy drops them in front of a session of one's own,
// and so does a pooler in session mode. So two connections are compared then.
func (s *session) refusePooler(ctx context.Context, config *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	if found, err := text(ctx, s.conn, "SELECT current_setting('lock_timeout')"); err != nil || found == config.RuntimeParams["lock_timeout"] {
		return err
	}
	other, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		err, _ = wrapConnectError(config, err)
		return fmt.Errorf("a second connection, to tell a pooler from the server: %w", err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	for range comparisons {
		shared, err := sharesSessions(ctx, s.conn, other)
		pg, fromServer := errors.AsType[*pgconn.PgError](err)
		switch {
		case shared, fromServer && pg.Code == pgerrcode.ProtocolViolation: // no BEGIN in statement mode
			return refuse("the connection leads through a pooler that hands each transaction to another session, where migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL")
		case errors.Is(err, context.DeadlineExceeded):
			return refuse("a second connection got no session within %s, so the first may be a pooler's, where migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL", statementTimeout)
		case err != nil:
			return err
		}
	}
	_, err = text(ctx, s.conn, "SELECT set_config('lock_timeout', '"+lockTimeout+"', false)")
	return err
}

// sharesSessions reports whether a setting that one connection makes is seen by another, or
// lost to itself while the other one is in a transaction. The server knows no such name, so
// it means nothing to whoever meets it later.
func sharesSessions(ctx context.Context, one, other *pgx.Conn) (bool, error) {
	const read = "SELECT current_setting('todo.session', true)"
	mark := rand.Text()
	if _, err := text(ctx, one, "SELECT set_config('todo.session', '"+mark+"', false)"); err != nil {
		return false, err
	}
	if _, err := text(ctx, other, "BEGIN"); err != nil {
		return false, err
	}
	seen, err := text(ctx, other, read)
	if err != nil {
		return false, err
	}
	shared := seen == mark
	for range reads {
		kept, err := text(ctx, one, read)
		if err != nil {
			return false, err
		}
		shared = shared || kept != mark
	}
	_, err = text(ctx, other, "ROLLBACK")
	return shared, err
}

// text sends SQL without preparing it, which some poolers do not bear, and returns its last
// value.
func text(ctx context.Context, conn *pgx.Conn, sql string) (value string, err error) {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	for _, result := range results {
		for _, row := range result.Rows {
			value = string(row[0])
		}
	}
	return value, err
}
