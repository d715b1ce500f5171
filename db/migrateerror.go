package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// MigrationFailure is the kind of a MigrationError, for programs to tell apart.
type MigrationFailure string

const (
	// Dirty is a schema whose last migration failed or was killed.
	Dirty MigrationFailure = "dirty"
	// Locked is another run that did not end within the wait limit.
	Locked MigrationFailure = "locked"
	// Unreachable is a database that does not answer, or no longer.
	Unreachable MigrationFailure = "unreachable"
	// Newer is a schema at a version that this program does not know.
	Newer MigrationFailure = "newer"
	// Refused is a request that cannot be granted; nothing was changed.
	Refused MigrationFailure = "refused"
)

// MigrationError says why a migration command failed, and what to do.
type MigrationError struct {
	Kind  MigrationFailure
	text  string
	cause error
}

// Error is one line, whatever the cause says.
func (e *MigrationError) Error() string {
	text := e.text
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

func (e *MigrationError) Unwrap() error { return e.cause }

func refuse(format string, args ...any) error {
	return &MigrationError{Kind: Refused, text: fmt.Sprintf(format, args...)}
}

// explainConnection gives the error of a connection that could not be made its
// kind, and tells whether waiting may help: a server that answers with a refusal
// will go on refusing.
func explainConnection(config *pgx.ConnConfig, err error) (explained error, passing bool) {
	address := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	pg, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case !answered || pgerr.IsTransient(err) || pgerr.IsLostConnection(err) && pg.Code != "08P01":
		return &MigrationError{Kind: Unreachable, text: "connecting to " + address, cause: err}, true
	case pg.Code == "08P01": // protocol violation: what poolers say to a startup parameter
		return &MigrationError{Kind: Refused, text: address + " looks like a pooler, through which migrations cannot lock: set DATABASE_URL_UNPOOLED to the direct URL", cause: err}, false
	default:
		return &MigrationError{Kind: Refused, text: "connecting to " + address, cause: err}, false
	}
}

const lostText = "the connection was lost: run `todo migrate status`, which says what to do"

// driverError is what golang-migrate's driver says of a statement, by value or by
// pointer.
func driverError(err error) (database.Error, bool) {
	if failed, ok := errors.AsType[*database.Error](err); ok {
		return *failed, true
	}
	return errors.AsType[database.Error](err)
}

// explainSession gives an error outside the files its kind: a connection that died,
// or a login that may not.
func explainSession(err error) error {
	if _, known := errors.AsType[*MigrationError](err); err == nil || known || errors.Is(err, context.Canceled) {
		return err
	}
	cause := err
	if failed, ok := driverError(err); ok {
		cause = failed.OrigErr
	}
	pg, answered := errors.AsType[*pgconn.PgError](cause)
	switch {
	case pgerr.IsLostConnection(cause):
		return &MigrationError{Kind: Unreachable, text: lostText, cause: cause}
	case answered && pg.Code == "42501": // insufficient privilege
		return &MigrationError{Kind: Refused, text: "this login may not migrate: use the one that owns the tables, or may create them", cause: cause}
	}
	return err
}
