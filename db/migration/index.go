package migration

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// InvalidIndex is an index that writes maintain and no query uses.
type InvalidIndex struct {
	Index string `json:"index"`
	// Drop is the statement that removes it.
	Drop string `json:"drop"`
}

// invalidIndexes are the INVALID indexes that nobody is building.
func (s *session) invalidIndexes(ctx context.Context) ([]InvalidIndex, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT indexrelid::regclass::text, 'DROP INDEX CONCURRENTLY ' || indexrelid::regclass
		FROM pg_index
		JOIN pg_class ON pg_class.oid = indexrelid
		WHERE NOT indisvalid
		  AND relkind = 'i'
		  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid)
		ORDER BY 1`)
	if err != nil {
		return nil, wrapSessionError(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[InvalidIndex])
	return found, wrapSessionError(err)
}

// index reports whether an index is valid, or there and INVALID.
func (s *session) index(ctx context.Context, name string) (valid, invalid bool, err error) {
	err = s.row(ctx, "SELECT indisvalid, NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", []any{name}, &valid, &invalid)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return valid, invalid, err
}
