package db

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestMayPassTellsAnOutageFromARefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause error
		want  bool
	}{
		"nothing listens":                   {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true},
		"no address yet":                    {&net.DNSError{IsNotFound: true}, true},
		"no answer":                         {context.DeadlineExceeded, true},
		"it starts (57P03)":                 {&pgconn.PgError{Code: "57P03"}, true},
		"no connection left (53300)":        {&pgconn.PgError{Code: "53300"}, true},
		"a pooler without a server":         {&pgconn.PgError{Code: "08P01"}, true},
		"an error without a code":           {&pgconn.PgError{}, true},
		"a wrong password":                  {&pgconn.PgError{Code: "28P01"}, false},
		"no entry in pg_hba.conf":           {&pgconn.PgError{Code: "28000"}, false},
		"no such database":                  {&pgconn.PgError{Code: "3D000"}, false},
		"no right to connect":               {&pgconn.PgError{Code: "42501"}, false},
		"a parameter that does not exist":   {&pgconn.PgError{Code: "42704"}, false},
		"a certificate that is not trusted": {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, false},
	} {
		err := waitError(t.Context(), fmt.Errorf("connecting: %w", c.cause))
		if got := MayPass(err); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	if MayPass(errors.New("the schema is too old")) {
		t.Error("what is wrong with the schema passes")
	}
}
