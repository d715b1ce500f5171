package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// startParameters are the settings of a session that it is started with, whatever the
// login and the database have: PgBouncer refuses others, and keeps these apart for its
// clients.
var startParameters = map[string]string{
	"client_encoding":             "UTF8",
	"datestyle":                   "ISO, MDY",
	"timezone":                    "UTC",
	"standard_conforming_strings": "on",
}

// neededSettings are those that the program depends on and that nothing else tells, with
// the values that it can work with. A login or a database may have others.
var neededSettings = map[string][]string{
	"client_encoding":             {"UTF8"},
	"server_encoding":             {"UTF8"},
	"datestyle":                   {"ISO, MDY", "ISO, DMY", "ISO, YMD"},
	"standard_conforming_strings": {"on"},
	"row_security":                {"on"},
	"session_replication_role":    {"origin"},
}

// ErrSettings says that a session has a setting that the program cannot work with.
var ErrSettings = errors.New("the settings of a session do not fit")

// checkLockTimeout bounds the waiting of a check, so that a probe has its answer in time.
const checkLockTimeout = "1s"

// sessionSettings are the settings of $1, with what gives them the value that the program
// needs.
const sessionSettings = `
SELECT lower(name), setting,
  CASE source
    WHEN 'database' THEN format('ALTER DATABASE %I RESET %s', current_database(), name)
    WHEN 'user' THEN format('ALTER ROLE %I RESET %s', session_user, name)
    WHEN 'database user' THEN format('ALTER ROLE %I IN DATABASE %I RESET %s', session_user, current_database(), name)
    ELSE format('ALTER ROLE %I SET %s = %L', session_user, name, boot_val)
  END,
  set_config('lock_timeout', '` + checkLockTimeout + `', true) || set_config('quote_all_identifiers', 'off', true)
FROM pg_settings
WHERE lower(name) = ANY ($1)
ORDER BY name`

// checkSession checks the settings that a session came with, and sets what the rest of the
// check needs: pg_get_expr quotes names as it does by default. It is one round trip.
func checkSession(ctx context.Context, tx pgx.Tx) error {
	names := append(slices.Collect(maps.Keys(neededSettings)), "transaction_read_only")
	rows, err := tx.Query(ctx, sessionSettings, names)
	if err != nil {
		return translate(err)
	}
	var name, value, remedy, ignored string
	var fault error
	_, err = pgx.ForEachRow(rows, []any{&name, &value, &remedy, &ignored}, func() error {
		switch {
		case name == "transaction_read_only" && value == "on":
			fault = &unavailableError{cause: ErrReadOnly}
		case neededSettings[name] != nil && !slices.Contains(neededSettings[name], value) && fault == nil:
			fault = fmt.Errorf("%w: the database gives a session %s = %s, and this program needs %s: run %s", ErrSettings, name, value, neededSettings[name][0], remedy)
		}
		return nil
	})
	return cmp.Or(translate(err), fault)
}
