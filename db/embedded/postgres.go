package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

const (
	portAttempts  = 5
	startTimeout  = time.Minute
	watchInterval = time.Second
)

// postgres is a server started by this process.
type postgres struct {
	library  *embeddedpostgres.EmbeddedPostgres
	lock     *os.File
	data     string
	pid      int
	port     int
	password string
}

func (o order) startPostgres(ctx context.Context, say func(string)) (*postgres, error) {
	if err := stopLeftover(o.data()); err != nil {
		return nil, err
	}
	major, err := o.dataMajor(ctx)
	if err != nil {
		return nil, err
	}
	i, err := o.findInstallation(major)
	switch {
	case err == nil:
		return o.startInstalled(i, major == 0, say)
	case !errors.Is(err, errNoInstallation):
		return nil, err
	case o.PGBin != "" || (major != 0 && major != downloadMajor):
		return nil, o.refuseMajor(major, err)
	}
	return o.startDownloaded(ctx, major, say)
}

func (o order) startInstalled(i installation, fresh bool, say func(string)) (*postgres, error) {
	prefix, err := i.prefix(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("preparing %s: %w", i, err)
	}
	if fresh {
		say(fmt.Sprintf("making a new database with PostgreSQL %s in %s", i.version, o.data()))
	}
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(fmt.Sprint(i.major))).
		BinariesPath(prefix)
	return o.start(config, fresh)
}

// startDownloaded lets the library download, unpack and start in one go, and
// marks what it unpacked as whole only after it ran.
func (o order) startDownloaded(ctx context.Context, major int, say func(string)) (*postgres, error) {
	c, unlock, err := o.lockCache(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if i, err := o.findInstallation(major); err == nil {
		return o.startInstalled(i, major == 0, say)
	}
	if err := os.RemoveAll(c.prefix()); err != nil {
		return nil, fmt.Errorf("clearing an unfinished download of PostgreSQL: %w", err)
	}
	d := o.watchDownload(ctx, say)
	config := embeddedpostgres.DefaultConfig().
		Version(downloadVersion).
		BinaryRepositoryURL(o.mirror()).
		CachePath(string(c)).
		BinariesPath(c.prefix())
	p, err := o.start(config, major == 0)
	if err != nil {
		return nil, o.explainDownload(d, c, major, err)
	}
	if err := os.WriteFile(c.complete(), nil, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the download of PostgreSQL: %w", err), p.stop())
	}
	return p, nil
}

func (o order) start(config embeddedpostgres.Config, fresh bool) (*postgres, error) {
	password, err := o.password(fresh)
	if err != nil {
		return nil, err
	}
	// The library makes its log where TMPDIR says, and never removes it.
	if err := errors.Join(os.RemoveAll(o.path("log")), os.MkdirAll(o.path("log"), 0o700)); err != nil {
		return nil, fmt.Errorf("making the log of PostgreSQL: %w", err)
	}
	if fresh {
		if err := o.markUnfinished(); err != nil {
			return nil, err
		}
	}
	config = config.
		Database("postgres").
		Username(superuser).
		Password(password).
		DataPath(o.data()).
		RuntimePath(o.path("run")).
		Locale(utf8Locale()).
		Encoding("UTF8").
		StartParameters(startParameters(o.Parameters)).
		StartTimeout(startTimeout).
		Logger(nil)
	library, port, err := startOnFreePort(config)
	if err != nil {
		// pg_ctl gives up waiting for a server that may yet come up.
		return nil, errors.Join(fmt.Errorf("starting PostgreSQL in %s: %w", o.data(), err), stopLeftover(o.data()))
	}
	p := &postgres{library: library, data: o.data(), pid: postmaster(o.data()), port: port, password: password}
	if err := o.markFinished(); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// startOnFreePort tries again when another program takes the port between our
// finding it free and the server's asking for it.
func startOnFreePort(config embeddedpostgres.Config) (*embeddedpostgres.EmbeddedPostgres, int, error) {
	var err error
	for range portAttempts {
		var port int
		if port, err = freePort(); err != nil {
			return nil, 0, err
		}
		library := embeddedpostgres.NewDatabase(config.Port(uint32(port)))
		if err = library.Start(); err == nil {
			return library, port, nil
		}
		if !strings.Contains(err.Error(), "already listening on port") && !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, 0, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// startParameters escapes what the library puts between the double quotes of
// a shell's command line.
func startParameters(asked map[string]string) map[string]string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	parameters := maps.Clone(asked)
	if parameters == nil {
		parameters = map[string]string{}
	}
	for name, value := range parameters {
		parameters[name] = escape.Replace(value)
	}
	parameters["listen_addresses"] = "127.0.0.1"
	parameters["unix_socket_directories"] = ""
	return parameters
}

// utf8Locale is one that sorts by code point everywhere; plain C does so too,
// but knows upper and lower case in ASCII only.
func utf8Locale() string {
	out, _ := exec.Command("locale", "-a").Output()
	for name := range strings.FieldsSeq(string(out)) {
		if strings.EqualFold(name, "C.UTF-8") || strings.EqualFold(name, "C.utf8") {
			return name
		}
	}
	return "C"
}

func (p *postgres) stop() error {
	if err := p.library.Stop(); err != nil && postmaster(p.data) != 0 {
		return fmt.Errorf("stopping PostgreSQL in %s: %w", p.data, err)
	}
	if p.lock != nil {
		return p.lock.Close()
	}
	return nil
}

// died is closed when the server is gone. It is no child of this process, so
// there is nothing to wait for but its disappearance.
func (p *postgres) died() <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		for alive(p.pid) {
			time.Sleep(watchInterval)
		}
		close(gone)
	}()
	return gone
}
