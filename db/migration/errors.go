package migration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// Kind is the kind of an Error, for programs to tell apart.
type Kind string

const (
	// Dirty is a schema whose last migration failed or was killed.
	Dirty Kind = "dirty"
	// Locked is another run that did not end within the wait limit.
	Locked Kind = "locked"
	// Unreachable is a database that does not answer, or no longer.
	Unreachable Kind = "unreachable"
	// Newer is a schema at a version that this program does not know.
	Newer Kind = "newer"
	// Refused is a request that cannot be granted; nothing was changed.
	Refused Kind = "refused"
	// Blocked is a file that another session kept from being run, by a lock or a
	// cancel; nothing of it was committed, and the version is as before.
	Blocked Kind = "blocked"
	// Damaged is a schema at this program's version that has lost what the migrations
	// gave it beside tables.
	Damaged Kind = "damaged"
)

// Error says why a migration command failed, and what to do.
type Error struct {
	Kind  Kind
	text  string
	cause error
}

// Error is one line, whatever the cause says.
func (e *Error) Error() string {
	text := e.text
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

func (e *Error) Unwrap() error { return e.cause }

func refuse(format string, args ...any) error {
	return &Error{Kind: Refused, text: fmt.Sprintf(format, args...)}
}

// wrapConnectError gives the error of a connection that could not be made its kind,
// and reports whether waiting may help: a server that refuses a login will go on
// refusing it.
func wrapConnectError(config *pgx.ConnConfig, err error) (wrapped error, transient bool) {
	address := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	pg, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case !fromServer || pgerr.IsTransient(err) || pgerr.IsLostConnection(err) && pg.Code != pgerrcode.ProtocolViolation:
		return &Error{Kind: Unreachable, text: "connecting to " + address, cause: err}, true
	case pg.Code == pgerrcode.ProtocolViolation: // a pooler's reply to a startup parameter
		return &Error{Kind: Refused, text: address + " looks like a pooler, through which migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL", cause: err}, false
	default:
		return &Error{Kind: Refused, text: "connecting to " + address, cause: err}, false
	}
}

// wrapSessionError gives an error outside the files its kind: a connection that died,
// or a login without the privilege.
func wrapSessionError(err error) error {
	if _, known := errors.AsType[*Error](err); err == nil || known || errors.Is(err, context.Canceled) {
		return err
	}
	cause := err
	if failed, ok := driverError(err); ok {
		cause = failed.OrigErr
	}
	pg, fromServer := errors.AsType[*pgconn.PgError](cause)
	switch {
	case pgerr.IsLostConnection(cause):
		return lost(cause)
	case isContention(cause):
		return &Error{Kind: Blocked, text: "another session's lock was in the way; nothing was changed: run the command again", cause: cause}
	case fromServer && pg.Code == pgerrcode.InsufficientPrivilege:
		return &Error{Kind: Refused, text: "this login may not migrate: use the one that owns the tables, or may create them", cause: cause}
	}
	return err
}

func lost(cause error) error {
	return &Error{Kind: Unreachable, text: "the connection was lost: run `todo migrate status`, which says what to do", cause: cause}
}

// driverError is what golang-migrate's driver says of a statement, by value or by
// pointer.
func driverError(err error) (database.Error, bool) {
	if failed, ok := errors.AsType[*database.Error](err); ok {
		return *failed, true
	}
	return errors.AsType[database.Error](err)
}
