package embedded_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/embedded"
)

func hideServers(t *testing.T) {
	t.Helper()
	cache := reachable(t)
	if err := os.Mkdir(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	embedded.HideServers(t, cache)
	t.Setenv("PATH", cache)
}

func TestRefusedDownloadNamesTheWaysOut(t *testing.T) {
	hideServers(t)
	mirror := httptest.NewServer(http.NotFoundHandler())
	refusedWith := func(t *testing.T, answer string) {
		progress := &lines{}
		_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL, Progress: progress})
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
	jar := archiveOf(t, binFolder(t))
	var downloads atomic.Int32
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".jar") {
			http.NotFound(w, r)
			return
		}
		downloads.Add(1)
		_, _ = w.Write(jar)
	}))
	defer mirror.Close()
	hideServers(t)

	servers := make([]*embedded.Server, 2)
	var wg sync.WaitGroup
	for i := range servers {
		dir := reachable(t)
		wg.Go(func() {
			s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast, MirrorURL: mirror.URL})
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
	again := start(t, servers[0].Dir())
	if word := query(t, again, `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the restart: %q", word)
	}
	if n := downloads.Load(); n != 1 {
		t.Errorf("downloaded %d times", n)
	}
}

// archiveOf is what a Maven mirror would serve, with scripts that stand for
// the programs of bin.
func archiveOf(t *testing.T, bin string) []byte {
	t.Helper()
	var tarball bytes.Buffer
	out := tar.NewWriter(&tarball)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
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
