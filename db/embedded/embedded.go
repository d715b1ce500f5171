// Package embedded runs a private PostgreSQL server that starts and stops with
// this program: for development and tests, never for production.
//
// PostgreSQL must be stopped properly however the program ends, must not be
// hit by the terminal's Ctrl-C before the program is done with it, and refuses
// to run as root. So a second process, the keeper, stands between: the program
// starts itself once more, the keeper gives up root where it has it, starts
// the server, and stops it as soon as the pipe from the program closes. The
// kernel closes that pipe on every exit, kill -9 included.
//
// Linux and macOS.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Config says where the server lives and how it runs.
type Config struct {
	// Dir is the absolute path of the server's own folder. It holds the data,
	// the password, the log and the lock, and belongs to the server alone: as
	// root it is given to an unprivileged user.
	Dir string
	// Parameters are settings of PostgreSQL, such as "fsync": "off".
	Parameters map[string]string
	// MirrorURL is the Maven repository to download the server from where the
	// machine has none; empty means Maven Central.
	MirrorURL string
	// Progress gets one line an event, for a person. It may be nil.
	Progress io.Writer
}

var (
	parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	ownParameters = map[string]bool{"port": true, "listen_addresses": true, "unix_socket_directories": true}
)

func (c Config) validate() error {
	if !filepath.IsAbs(c.Dir) {
		return fmt.Errorf("the folder of the server is %q: it must be an absolute path", c.Dir)
	}
	for name := range c.Parameters {
		if !parameterName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a PostgreSQL parameter", name)
		}
		if ownParameters[name] {
			return fmt.Errorf("the parameter %s cannot be set: the server listens on a free port of 127.0.0.1 only", name)
		}
	}
	return nil
}

func (c Config) say(line string) {
	if c.Progress != nil {
		fmt.Fprintln(c.Progress, line)
	}
}

// Start starts the server in c.Dir, making it first where there is none, and
// returns when it accepts connections. It runs until [Server.Stop] or the end
// of the program, whichever comes first. The program's main must begin with
// [ChildMain].
//
// As root the server runs as the owner of c.Dir, or as nobody where that is
// root; if that user cannot reach c.Dir the server lives in a folder under
// /var/lib/securetodo, which [Server.Dir] and a line of progress tell.
//
// PG_BIN, then PATH, then the usual places are searched for PostgreSQL 15 or
// newer; failing that one is downloaded, once. Cancelling ctx ends the attempt;
// it does not stop a server that runs.
func Start(ctx context.Context, c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	home, err := settle(filepath.Clean(c.Dir))
	if err != nil {
		return nil, err
	}
	if home.note != "" {
		c.say(home.note)
	}
	bin := os.Getenv("PG_BIN")
	if bin != "" {
		if bin, err = filepath.Abs(bin); err != nil {
			return nil, fmt.Errorf("PG_BIN: %w", err)
		}
	}
	s, reports, err := spawn(home.dir, order{
		Dir:        home.dir,
		Account:    home.account,
		Parameters: c.Parameters,
		PGBin:      bin,
		MirrorURL:  c.MirrorURL,
		CacheDir:   cacheDir(home),
		Program:    os.Getpid(),

		UsualPlaces: usualPlaces,
	})
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-ctx.Done():
			_ = s.Stop()
			return nil, fmt.Errorf("starting PostgreSQL: %w", context.Cause(ctx))
		case r, ok := <-reports:
			switch {
			case !ok:
				<-s.ended
				return nil, fmt.Errorf("PostgreSQL in %s did not start: its keeper ended: %w", home.dir, s.failure)
			case r.Error != "":
				<-s.ended
				return nil, errors.New(r.Error)
			case r.Port != 0:
				s.url = (&url.URL{
					Scheme:   "postgres",
					User:     url.UserPassword(superuser, r.Password),
					Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port)),
					Path:     "/postgres",
					RawQuery: "sslmode=disable",
				}).String()
				return s, nil
			default:
				c.say(r.Progress)
			}
		}
	}
}
