package pgurl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// known are the parameters that pgx reads itself.
var known = set("host", "port", "dbname", "database", "user", "password", "passfile", "service", "servicefile",
	"connect_timeout", "target_session_attrs", "application_name", "options", "timezone",
	"sslmode", "sslkey", "sslcert", "sslcertmode", "sslrootcert", "sslnegotiation", "sslpassword", "sslsni",
	"min_protocol_version", "max_protocol_version", "channel_binding", "require_auth", "krbspn", "krbsrvname",
	"default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity",
	"pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter",
	"pool_max_conn_idle_time", "pool_health_check_period", "pool_ping_timeout")

// valuesOf says what a parameter takes, where that is short.
var valuesOf = map[string]string{
	"sslmode":         ": disable, allow, prefer, require, verify-ca or verify-full",
	"connect_timeout": ": a number of seconds",
	"pool_max_conns":  ": a number from 1",
	"channel_binding": ": disable, prefer or require",
	"sslrootcert":     ": the path of a file that can be read, or system with sslmode=verify-full",
}

// alien are the parameters of other clients, with what to write instead.
var alien = map[string]string{
	"pgbouncer":                     "is Prisma's: leave it out, since nothing has to be set for a pooler",
	"connection_limit":              "is Prisma's: write pool_max_conns, or leave it out",
	"pool_timeout":                  "is Prisma's: leave it out",
	"socket_timeout":                "is Prisma's: leave it out",
	"schema":                        "is Prisma's: leave it out, since the server works in the schema public",
	"sslaccept":                     "is Prisma's: write sslmode=verify-full instead of strict, and sslmode=require instead of the other",
	"sslidentity":                   "is Prisma's: write sslcert and sslkey",
	"single_use_connections":        "is Prisma's: leave it out",
	"statement_cache_size":          "is that of Prisma and asyncpg: leave it out",
	"prepared_statement_cache_size": "is SQLAlchemy's: leave it out",
	"command_timeout":               "is asyncpg's: leave it out",
	"ssl":                           "is that of other clients: write sslmode=require, or sslmode=disable",
	"ssl_mode":                      "is spelled sslmode",
	"sslcompression":                "is obsolete: leave it out",
	"sslcrl":                        "is not supported: leave it out",
	"ssl_min_protocol_version":      "is not supported: leave it out",
	"ssl_max_protocol_version":      "is not supported: leave it out",
	"sslfactory":                    "is JDBC's: leave it out, and write sslmode",
	"uselibpqcompat":                "is node-postgres': leave it out",
	"workaround":                    "is Supabase's, for Prisma: leave it out",
	"supa":                          "is Supabase's, for Vercel: leave it out",
	"prepareThreshold":              "is JDBC's: leave it out",
	"preparedStatementCacheQueries": "is JDBC's: leave it out",
	"currentSchema":                 "is JDBC's: leave it out, since the server works in the schema public",
	"ApplicationName":               "is JDBC's: write application_name",
	"loginTimeout":                  "is JDBC's: write connect_timeout",
	"connectTimeout":                "is JDBC's: write connect_timeout",
	"socketTimeout":                 "is JDBC's: leave it out",
	"tcpKeepAlive":                  "is JDBC's: leave it out",
	"targetServerType":              "is JDBC's: write target_session_attrs",
	"keepalives":                    "is libpq's, and the server has its own: leave it out",
	"keepalives_idle":               "is libpq's, and the server has its own: leave it out",
	"keepalives_interval":           "is libpq's, and the server has its own: leave it out",
	"keepalives_count":              "is libpq's, and the server has its own: leave it out",
	"gssencmode":                    "is not supported: leave it out",
	"hostaddr":                      "is not supported: write the address as the host",
	"load_balance_hosts":            "is not supported: leave it out",
	"fallback_application_name":     "is not supported: write application_name",
	"max_conns":                     "is spelled pool_max_conns",
	"max_connections":               "is a setting of the whole server: write pool_max_conns",
	"pool_size":                     "is spelled pool_max_conns",
	"pool_min":                      "is spelled pool_min_conns",
	"pool_max":                      "is spelled pool_max_conns",
}

// common are PostgreSQL's own that people set by a URL.
var common = set("application_name", "options", "timezone", "client_encoding", "datestyle", "search_path",
	"statement_timeout", "lock_timeout", "transaction_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
	"tcp_user_timeout", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "work_mem", "jit")

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, name := range names {
		m[name] = true
	}
	return m
}

// checkParameters refuses what PostgreSQL would be sent and refuse. All others may be
// settings of a session, which PostgreSQL knows. beside says that the password stands among
// the parameters, so that a name which is not a common one may be a part of it.
func checkParameters(config *pgxpool.Config, beside bool) error {
	var wrong []string
	for name := range config.ConnConfig.RuntimeParams {
		switch remedy := alien[name]; {
		case known[name], common[strings.ToLower(name)]:
		case remedy != "":
			wrong = append(wrong, name+" "+remedy)
		case beside:
			return errors.New("has a parameter that is none of pgx's, and it may be a part of the password: quote a password with spaces among keywords, and write & as %26 in a URL")
		case strings.HasPrefix(name, "pool_"), strings.HasPrefix(name, "ssl"):
			wrong = append(wrong, fmt.Sprintf("%s is not known: %s", name, strings.Join(knownLike(name), ", ")))
		case strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_.") != "":
			return errors.New("has a parameter whose name no setting of PostgreSQL can have: is there a & or a ? too many?")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return errors.New("has parameters that would be refused: " + strings.Join(wrong, "; "))
}

// knownLike are the parameters that begin as a name does.
func knownLike(name string) (names []string) {
	for other := range known {
		if other[:3] == name[:3] {
			names = append(names, other)
		}
	}
	slices.Sort(names)
	return names
}
