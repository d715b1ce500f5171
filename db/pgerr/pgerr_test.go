package pgerr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db/pgerr"
)

func TestErrorsAreToldApartByCodeAndType(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	late := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	for name, c := range map[string]struct {
		err             error
		lost, transient bool
	}{
		"no error":                  {nil, false, false},
		"admin_shutdown":            {&pgconn.PgError{Code: "57P01"}, true, false},
		"crash_shutdown, wrapped":   {fmt.Errorf("query: %w", &pgconn.PgError{Code: "57P02"}), true, false},
		"idle_session_timeout":      {&pgconn.PgError{Code: "57P05"}, true, false},
		"idle_in_transaction":       {&pgconn.PgError{Code: "25P03"}, true, false},
		"transaction_timeout":       {&pgconn.PgError{Code: "25P04"}, true, false},
		"read_only_transaction":     {&pgconn.PgError{Code: "25006"}, false, false},
		"connection_failure":        {&pgconn.PgError{Code: "08006"}, true, false},
		"an unknown code, class 08": {&pgconn.PgError{Code: "08XXX"}, true, false},
		"connection refused":        {refused, true, false},
		"the end of the stream":     {io.ErrUnexpectedEOF, true, false},
		"a closed connection":       {net.ErrClosed, true, false},
		"a time-out of the network": {late, false, false},
		"the context's deadline":    {context.DeadlineExceeded, false, true},
		"cannot_connect_now":        {&pgconn.PgError{Code: "57P03"}, false, true},
		"query_canceled":            {&pgconn.PgError{Code: "57014"}, false, true},
		"lock_not_available":        {&pgconn.PgError{Code: "55P03"}, false, true},
		"serialization_failure":     {&pgconn.PgError{Code: "40001"}, false, true},
		"deadlock_detected":         {&pgconn.PgError{Code: "40P01"}, false, true},
		"too_many_connections":      {&pgconn.PgError{Code: "53300"}, false, true},
		"unique_violation":          {&pgconn.PgError{Code: "23505"}, false, false},
		"a client that left":        {context.Canceled, false, false},
	} {
		if lost, transient := pgerr.IsLostConnection(c.err), pgerr.IsTransient(c.err); lost != c.lost || transient != c.transient {
			t.Errorf("%s: lost connection %t, transient %t; want %t, %t", name, lost, transient, c.lost, c.transient)
		}
	}
}
