//go:build unix

package embedded_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/embedded"
)

func TestDownloadThatIsRefusedNamesTheWaysOut(t *testing.T) {
	cache := reachable(t)
	mirror := httptest.NewServer(http.NotFoundHandler())
	refusedWith := func(t *testing.T, answer string) {
		progress := &lines{}
		_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL, Progress: progress}.WithNothingInstalled(cache))
		mustMention(t, err, mirror.URL, answer, "PG_BIN", "install PostgreSQL 15", "POSTGRES_MIRROR_URL", "DATABASE_URL")
		if !strings.Contains(progress.String(), "downloading PostgreSQL") {
			t.Errorf("progress was %q", progress)
		}
	}
	t.Run("nothing there", func(t *testing.T) { refusedWith(t, "404") })
	mirror.Close()
	t.Run("nobody there", func(t *testing.T) { refusedWith(t, "refused") })
}

func TestDownloadIsMadeOnceAndShared(t *testing.T) {
	t.Parallel()
	jar := archiveOf(t, binFolder(t))
	var downloads atomic.Int32
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".jar.sha256") {
			fmt.Fprintf(w, "%x", sha256.Sum256(jar))
			return
		}
		downloads.Add(1)
		_, _ = w.Write(jar)
	}))
	defer mirror.Close()
	cache := reachable(t)

	servers := make([]*embedded.Server, 2)
	var wg sync.WaitGroup
	for i := range servers {
		dir := reachable(t)
		wg.Go(func() {
			s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast, MirrorURL: mirror.URL}.WithNothingInstalled(cache))
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	query(t, servers[0], `CREATE TABLE kept AS SELECT 'still here' AS word`)
	stop(t, servers[0])
	mirror.Close()
	again, err := tryStart(t, embedded.Config{Dir: servers[0].Dir(), Parameters: fast, MirrorURL: mirror.URL}.WithNothingInstalled(cache))
	if err != nil {
		t.Fatal(err)
	}
	if word := query(t, again, `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the restart: %q", word)
	}
	if n := downloads.Load(); n != 1 {
		t.Errorf("downloaded %d times", n)
	}
}

func TestDownloadThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "half of i")
	}))
	defer mirror.Close()
	_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL}.WithNothingInstalled(reachable(t)))
	mustMention(t, err, mirror.URL, "damaged", "PG_BIN")
}

// A mirror need not have sums.
func TestDownloadThatIsNoArchiveIsRefused(t *testing.T) {
	t.Parallel()
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "sign in first")
	}))
	defer mirror.Close()
	_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL}.WithNothingInstalled(reachable(t)))
	mustMention(t, err, mirror.URL, "unpacking", "PG_BIN")
}

// archiveOf is what a Maven mirror would serve, with scripts that stand for
// the programs of bin.
func archiveOf(t *testing.T, bin string) []byte {
	t.Helper()
	var tarball bytes.Buffer
	out := tar.NewWriter(&tarball)
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\nexec " + filepath.Join(bin, name) + " \"$@\"\n"
		if err := out.WriteHeader(&tar.Header{Name: "bin/" + name, Mode: 0o755, Size: int64(len(script)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	xz := exec.Command(dbtest.Need(t, "xz"), "-c")
	xz.Stdin = &tarball
	txz, err := xz.Output()
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	file, err := archive.Create("postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(txz); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}
