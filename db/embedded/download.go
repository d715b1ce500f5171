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
	downloadTimeout = 10 * time.Minute
	mavenCentral    = "https://repo1.maven.org/maven2"
)

func downloaded(cache string) string {
	return filepath.Join(cache, "postgresql-"+downloadVersion, "bin")
}

// download puts the programs into the cache, in a folder that gets its name when
// it is whole. Of several programs one downloads while the others wait for it.
func (c Config) download(ctx context.Context, cache string) (installation, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return installation{}, err
	}
	lock, err := lockFile(ctx, filepath.Join(cache, "lock"), func(*os.File) error { return nil })
	if err != nil {
		return installation{}, err
	}
	defer lock.Close()
	bin := downloaded(cache)
	if exists(bin) {
		return inspect(bin)
	}
	// https://github.com/zonkyio/embedded-postgres-binaries
	name := "embedded-postgres-binaries-" + runtime.GOOS + "-" + strings.Replace(runtime.GOARCH, "arm64", "arm64v8", 1)
	if exists("/etc/alpine-release") {
		name += "-alpine"
	}
	url := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%[2]s-%[3]s.jar",
		strings.TrimSuffix(cmp.Or(c.MirrorURL, mavenCentral), "/"), name, downloadVersion)
	c.progress("downloading PostgreSQL %s, this once, from %s", downloadVersion, url)
	jar, status, err := fetch(ctx, url)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s replied %d %s", url, status, http.StatusText(status))
	}
	if err != nil {
		return installation{}, err
	}
	sum, status, err := fetch(ctx, url+".sha256") // not every mirror has one
	if err == nil && status == http.StatusOK && !strings.HasPrefix(string(sum), fmt.Sprintf("%x", sha256.Sum256(jar))) {
		err = fmt.Errorf("%s is damaged: its sum is not what its .sha256 says", url)
	}
	if err != nil {
		return installation{}, err
	}
	temporary, err := os.MkdirTemp(cache, "unfinished-")
	if err != nil {
		return installation{}, err
	}
	defer os.RemoveAll(temporary)
	if err := unpack(jar, temporary); err != nil {
		return installation{}, fmt.Errorf("unpacking %s: %w", url, err)
	}
	if err := errors.Join(os.Chmod(temporary, 0o755), os.Rename(temporary, filepath.Dir(bin))); err != nil {
		return installation{}, err
	}
	return inspect(bin)
}

func fetch(ctx context.Context, url string) (body []byte, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	response, err := (&http.Client{Timeout: downloadTimeout}).Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return body, response.StatusCode, err
}

// unpack unpacks the .txz in a jar, of which nothing can leave dir.
func unpack(jar []byte, dir string) error {
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		if !strings.HasSuffix(entry.Name, ".txz") {
			continue
		}
		file, err := entry.Open()
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
		return untar(tar.NewReader(plain), root)
	}
	return errors.New("it holds no .txz")
}

func untar(from *tar.Reader, to *os.Root) error {
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := to.MkdirAll(filepath.Dir(header.Name), 0o755); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeSymlink:
			err = to.Symlink(header.Linkname, header.Name)
		case tar.TypeReg:
			var content []byte
			if content, err = io.ReadAll(from); err == nil {
				err = to.WriteFile(header.Name, content, header.FileInfo().Mode().Perm())
			}
		}
		if err != nil {
			return err
		}
	}
}
