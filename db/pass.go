package db

import (
	"crypto/tls"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

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

// MaxConnections is how many connections to the database a pool opens at most, that of
// probes included.
func (p *Pool) MaxConnections() int { return int(p.pool.Config().MaxConns) + 1 }
