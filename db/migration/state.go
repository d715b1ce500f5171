package migration

import (
	"context"
	"errors"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
)

// target is the database to migrate, seen by a program that knows the files.
type target struct {
	*session
	files folder
}

// state is the row of schema_migrations, with database.NilVersion for none.
type state struct {
	version int
	dirty   bool
}

// schemaVersion is the version as this package's callers know it, 0 for none.
func (s state) schemaVersion() uint { return uint(max(s.version, 0)) }

func (s state) applied(file File) bool { return int(file.Version) <= s.version }

func (s *session) state(ctx context.Context) (state, error) {
	none := state{version: database.NilVersion}
	if exists, err := s.exists(ctx, versionTable); err != nil || !exists {
		return none, err
	}
	var found state
	err := s.row(ctx, "SELECT version, dirty FROM public.schema_migrations LIMIT 1", nil, &found.version, &found.dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return none, nil
	}
	return found, wrapSessionError(err)
}
