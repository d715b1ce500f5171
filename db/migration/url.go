package migration

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// IsPooler reports whether a PostgreSQL URL or DSN names a pooler of Neon's, whose
// host names end their first label in -pooler.
func IsPooler(databaseURL string) bool {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return false
	}
	isPooler := func(host string) bool {
		label, _, _ := strings.Cut(host, ".")
		return strings.HasSuffix(label, "-pooler")
	}
	return isPooler(config.Host) ||
		slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return isPooler(f.Host) })
}
