// Package pgerr tells the errors of a connection to PostgreSQL apart, by SQLSTATE and
// by Go type, never by the text of a message. The conditions are named as in appendix A
// of the PostgreSQL manual.
package pgerr

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrURL is the error for a URL that cannot be parsed. It does not repeat the URL,
// which may hold a password.
var ErrURL = errors.New("not a PostgreSQL URL like " + Example)

// Example is a URL as it should be.
const Example = "postgres://user:password@host/database?sslmode=require"

// What pgerrcode does not have yet: both end the session.
const (
	idleSessionTimeout = "57P05" // since PostgreSQL 14
	transactionTimeout = "25P04" // since PostgreSQL 17
)

// IsLostConnection reports whether the connection could not be made, or died before or
// while it was used. A time-out of the network is not one.
func IsLostConnection(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return IsTerminated(err) || pg.Code == pgerrcode.CrashShutdown || IsConnectionException(err)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || (errors.As(err, &network) && !network.Timeout()) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err)
}

// IsConnectionException reports whether it was the database's own connection that failed:
// Citus's to a node, or a pooler's to PostgreSQL. pgerrcode knows only the codes of class
// 08 that PostgreSQL has.
func IsConnectionException(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "08")
}

// IsTerminated reports whether PostgreSQL has ended the session, and rolled back what it
// was doing.
func IsTerminated(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pg.Code {
	case pgerrcode.AdminShutdown, idleSessionTimeout, pgerrcode.IdleInTransactionSessionTimeout, transactionTimeout:
		return true
	}
	return false
}

// IsTransient reports whether the database was reached but could not do the work for
// now: it is starting, it gave up waiting, or it lacks resources.
func IsTransient(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch pg.Code {
	case pgerrcode.CannotConnectNow, pgerrcode.QueryCanceled, pgerrcode.LockNotAvailable,
		pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected:
		return true
	}
	return strings.HasPrefix(pg.Code, "53") // class 53: insufficient resources
}
