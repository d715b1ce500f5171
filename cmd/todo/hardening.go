package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/securetodo/securetodo/db"
)

// checkHardening says what weakens the isolation of users, and refuses to start
// where anybody could. What cannot be asked in time, the next start asks. `todo dev` says
// nothing: as a rule its database is its own.
func (s serveOptions) checkHardening(ctx context.Context, pool *db.Pool, log *slog.Logger) error {
	if s.dev {
		return nil
	}
	warnings, err := pool.CheckHardening(ctx)
	if err != nil && !db.MayPass(err) {
		return fmt.Errorf("refusing to start: %w", err)
	}
	for _, warning := range warnings {
		log.Warn(warning)
	}
	return nil
}
