package pgurl

import (
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Target is where a URL leads, without its password.
type Target struct {
	// Addresses are the hosts in the order in which they are tried, each host:port or the
	// path of a socket.
	Addresses      []string
	Database, User string
	// Encryption says what is known of the server's certificate.
	Encryption string
	// Variables are those of libpq that are set and count where the URL says nothing.
	Variables []string
}

// Describe reads a URL that Check has passed.
func Describe(text string) (Target, error) {
	pool, err := pgxpool.ParseConfig(text)
	if err != nil {
		return Target{}, err
	}
	config := pool.ConnConfig
	t := Target{Database: config.Database, User: config.User, Encryption: encryption(config)}
	add := func(host string, port uint16) {
		address := host
		if !strings.HasPrefix(host, "/") {
			address = net.JoinHostPort(host, strconv.Itoa(int(port)))
		}
		if !slices.Contains(t.Addresses, address) {
			t.Addresses = append(t.Addresses, address)
		}
	}
	add(config.Host, config.Port)
	for _, fallback := range config.Fallbacks {
		add(fallback.Host, fallback.Port)
	}
	if t.Database == "" {
		t.Database = t.User // as PostgreSQL does
	}
	for _, name := range variables {
		if os.Getenv(name) != "" {
			t.Variables = append(t.Variables, name)
		}
	}
	return t, nil
}

// variables are those of libpq that pgx reads.
var variables = []string{
	"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGAPPNAME", "PGCONNECT_TIMEOUT",
	"PGSSLMODE", "PGSSLKEY", "PGSSLCERT", "PGSSLCERTMODE", "PGSSLSNI", "PGSSLROOTCERT", "PGSSLPASSWORD", "PGSSLNEGOTIATION",
	"PGTARGETSESSIONATTRS", "PGSERVICE", "PGSERVICEFILE", "PGTZ", "PGOPTIONS",
	"PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGCHANNELBINDING", "PGREQUIREAUTH",
}

func encryption(config *pgx.ConnConfig) string {
	plain := config.TLSConfig == nil
	for _, fallback := range config.Fallbacks {
		plain = plain || fallback.TLSConfig == nil
	}
	switch tls := config.TLSConfig; {
	case strings.HasPrefix(config.Host, "/"):
		return "a socket of this machine"
	case tls == nil:
		return "not encrypted"
	case plain:
		return "encrypted only where the server offers it"
	case tls.InsecureSkipVerify && tls.VerifyPeerCertificate == nil:
		return "encrypted, whoever the server is: its certificate is not verified"
	case tls.InsecureSkipVerify:
		return "encrypted, with a certificate of a known authority"
	}
	return "encrypted, and the server's certificate verified"
}
