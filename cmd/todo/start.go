package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/securetodo/securetodo/db"
)

const (
	// Pauses between two looks for a database that is away: twice as long each time, and
	// half of it at random, so that many servers do not look at the same moment.
	firstPause, longestPause = 100 * time.Millisecond, 2 * time.Second
	// sayEvery is between two lines of the log that say so.
	sayEvery = time.Minute
)

// awaitDatabase returns nil when the server can work on the database, or ctx ends. A
// database that is away is looked for until it is back: an outage must not make a server
// start over and over again. What does not pass is an error.
func awaitDatabase(ctx context.Context, pool *db.Pool, log *slog.Logger) error {
	var since, said time.Time
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		schema, err := pool.Check(ctx)
		switch {
		case ctx.Err() != nil:
			log.Info("stopping")
			return nil
		case err == nil:
			if !since.IsZero() {
				log.Info("the database answers", "waited_s", int(time.Since(since).Seconds()))
			}
			warnOf(schema, log)
			return nil
		case !db.MayPass(err):
			return fmt.Errorf("refusing to start: %w", err)
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			log.Warn("waiting for the database", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}

// warnOf says what is unusual about a schema on which the server works all the same.
func warnOf(schema db.Schema, log *slog.Logger) {
	switch {
	case schema.Dirty:
		log.Warn("a migration is running or was interrupted, `todo migrate status` says which; all queries of this program can run on the schema as it is", "schema_version", schema.Version)
	case schema.Version != schema.BuiltFor:
		log.Warn("this program was built for another version of the schema, but all its queries can run on this one", "schema_version", schema.Version)
	}
}
