// Package sql holds the migrations that golang-migrate runs.
package sql

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"
	"sync"
)

// Migrations are the files under migrations/, named as golang-migrate names them:
// 000001_verb_object.up.sql and .down.sql. Beside that folder stands schema.sql, which
// they make.
//
//go:embed migrations/*.sql schema.sql
var Migrations embed.FS

// LatestVersion returns the schema version that Migrations lead to, the highest number
// in their names.
func LatestVersion() uint { return latestVersion() }

// latestVersion reads the names once, because every readiness probe needs the number.
var latestVersion = sync.OnceValue(func() (latest uint) {
	names, _ := fs.Glob(Migrations, "migrations/*.up.sql") // the pattern is well-formed, the only error there is
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		if version, err := strconv.ParseUint(number, 10, 32); err == nil {
			latest = max(latest, uint(version))
		}
	}
	return latest
})
