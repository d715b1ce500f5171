package db

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotFound says that the user has no such row.
var ErrNotFound = errors.New("not found")

// ErrUnavailable says that the database is away, shutting down, has no free
// connection within the wait limit, or took too long. Asking again may help.
var ErrUnavailable = errors.New("database unavailable")

// errURL does not repeat the URL, which may hold a password.
var errURL = errors.New("not a PostgreSQL URL like postgres://user:password@host/database?sslmode=require")

// ConstraintError says that a constraint of the schema refused the row.
type ConstraintError struct {
	// Constraint is its name, such as tasks_title_length.
	Constraint string
}

func (e *ConstraintError) Error() string { return "refused by constraint " + e.Constraint }

// unavailableError is ErrUnavailable with the cause, which is for the log.
type unavailableError struct{ cause error }

func (e *unavailableError) Error() string   { return ErrUnavailable.Error() + ": " + e.cause.Error() }
func (e *unavailableError) Unwrap() []error { return []error{ErrUnavailable, e.cause} }

// translate gives an error of pgx its kind, from SQLSTATE and constraint name
// alone. Class names follow the PostgreSQL manual, appendix A. A request whose
// client left keeps its context.Canceled.
func translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &pg) && pg.Code == "23503": // foreign key violation: the owner was erased meanwhile
		return &unavailableError{cause: err}
	case errors.As(err, &pg) && strings.HasPrefix(pg.Code, "23"): // integrity constraint violation
		return &ConstraintError{Constraint: pg.ConstraintName}
	case isLostConnection(err), isPassing(err):
		return &unavailableError{cause: err}
	default:
		return err
	}
}

// isLostConnection tells whether the connection died, before or while it was used.
func isLostConnection(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "57P01" || pg.Code == "57P02" || strings.HasPrefix(pg.Code, "08")
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || (errors.As(err, &network) && !network.Timeout()) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err)
}

// isPassing tells whether the database was reached but could not serve for now.
func isPassing(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch pg.Code {
	case "57P03", "57014", "55P03", "40001", "40P01": // starting, cancelled, lock, serialization, deadlock
		return true
	}
	return strings.HasPrefix(pg.Code, "53") // insufficient resources
}
