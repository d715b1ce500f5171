//go:build unix

package embedded

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/xi2/xz"
)

const (
	downloadVersion = "17.5.0"
	downloadMajor   = 17
	maxDownload     = 256 << 20 // bytes; the archive has about 15 MB
)

func downloaded(cache string) string {
	return filepath.Join(cache, "postgresql-"+downloadVersion, "bin")
}

// download puts the programs into the cache, in a folder that gets its name when
// it is whole. Of several programs one downloads while the others wait for it.
func (c Config) download(ctx context.Context, cache string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	lock, err := lockFile(ctx, filepath.Join(cache, "lock"), func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	defer lock.Close()
	target := filepath.Dir(downloaded(cache))
	if exists(target) {
		return nil
	}
	// https://github.com/zonkyio/embedded-postgres-binaries
	name := "embedded-postgres-binaries-" + runtime.GOOS + "-" + strings.Replace(runtime.GOARCH, "arm64", "arm64v8", 1)
	if exists("/etc/alpine-release") {
		name += "-alpine"
	}
	url := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%[2]s-%[3]s.jar",
		strings.TrimSuffix(cmp.Or(c.MirrorURL, "https://repo1.maven.org/maven2"), "/"), name, downloadVersion)
	c.progress("downloading PostgreSQL %s, this once, from %s", downloadVersion, url)
	jar, err := fetch(ctx, url)
	if err != nil {
		return err
	}
	// Not every mirror has sums.
	if sum, err := fetch(ctx, url+".sha256"); err == nil && !strings.HasPrefix(string(sum), fmt.Sprintf("%x", sha256.Sum256(jar))) {
		return fmt.Errorf("%s is damaged: its sum is not what its .sha256 says", url)
	}
	temporary, err := os.MkdirTemp(cache, "unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := unpack(jar, temporary); err != nil {
		return fmt.Errorf("unpacking %s: %w", url, err)
	}
	return errors.Join(os.Chmod(temporary, 0o755), os.Rename(temporary, target))
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: 10 * time.Minute}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s replied %s", request.URL.Redacted(), response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxDownload))
}

// unpack unpacks the .txz in a jar, of which nothing can leave dir.
func unpack(jar []byte, dir string) error {
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return err
	}
	names, _ := fs.Glob(archive, "*.txz")
	if len(names) != 1 {
		return fmt.Errorf("it holds %d .txz files", len(names))
	}
	file, err := archive.Open(names[0])
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := xz.NewReader(file, 0)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(plain)
	header, err := entries.Next()
	for ; err == nil; header, err = entries.Next() {
		content, errRead := io.ReadAll(entries)
		err := errors.Join(errRead, root.MkdirAll(filepath.Dir(header.Name), 0o755))
		switch {
		case err != nil:
		case header.Typeflag == tar.TypeSymlink:
			err = root.Symlink(header.Linkname, header.Name)
		case header.Typeflag == tar.TypeReg:
			err = root.WriteFile(header.Name, content, header.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
