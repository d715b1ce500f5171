package db

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

// ErrNotFound says that the user has no such row.
var ErrNotFound = errors.New("not found")

// ErrUnavailable says that the database is away, shutting down, has no free connection
// within the wait limit, is read-only, or took too long. Nothing was done, and asking again
// may help.
var ErrUnavailable = errors.New("database unavailable")

// ErrReadOnly says that the database, or the session, takes no writes, as a standby does.
// It is ErrUnavailable: it takes them when the failover is over.
var ErrReadOnly = errors.New("the database is read-only")

// ErrOutcomeUnknown says that the answer to a write was lost, or did not come in time: it
// may have been done. What can be repeated without doing it twice was repeated before.
var ErrOutcomeUnknown = errors.New("outcome unknown")

// ErrDeleted says that the user had a task of this id and deleted it.
var ErrDeleted = errors.New("deleted")

// ErrTooManyTasks says that the user has as many tasks as they may have.
var ErrTooManyTasks = errors.New("too many tasks")

// errOvertaken is why a change was given up that other writers of the same user
// overtook again and again.
var errOvertaken = errors.New("other writers of the same user came between each time")

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

// outcomeUnknownError is ErrOutcomeUnknown with the cause, which is for the log.
type outcomeUnknownError struct{ cause error }

func (e *outcomeUnknownError) Error() string {
	return ErrOutcomeUnknown.Error() + ": " + e.cause.Error()
}
func (e *outcomeUnknownError) Unwrap() error { return ErrOutcomeUnknown }

// translate gives an error of pgx its kind, from SQLSTATE and constraint name
// alone. Class names follow the PostgreSQL manual, appendix A. A request whose
// client left keeps its context.Canceled.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &pg) && pg.Code == pgerrcode.ReadOnlySQLTransaction:
		return &unavailableError{cause: errors.Join(ErrReadOnly, err)}
	case errors.Is(err, errOvertaken), errors.As(err, &pg) && pg.Code == pgerrcode.ForeignKeyViolation:
		return &unavailableError{cause: err}
	case errors.As(err, &pg) && strings.HasPrefix(pg.Code, "23"): // integrity constraint violation
		return &ConstraintError{Constraint: pg.ConstraintName}
	case pgerr.IsLostConnection(err), pgerr.IsTransient(err):
		return &unavailableError{cause: err}
	default:
		return err
	}
}

// refusals are the classes of errors with which PostgreSQL refuses a connection until
// somebody changes the URL, the login or the server's configuration.
var refusals = []string{
	"0A", // feature not supported
	"22", // data exception: a parameter of the URL
	"28", // invalid authorization specification: the password, pg_hba.conf
	"3D", // invalid catalog name: no such database
	"42", // access rule violation: the right to connect
}

// MayPass reports whether what failed with err may succeed later although nobody changes
// the configuration, the schema or a privilege: the database is away, starting, or has no
// connection left, or its host has no address yet. A login or a certificate that is
// refused does not pass by itself, nor does what is wrong with the schema.
func MayPass(err error) bool {
	if !errors.Is(err, ErrUnavailable) {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || len(pg.Code) < 2 || !slices.Contains(refusals, pg.Code[:2])
}
