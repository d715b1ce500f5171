package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 15

// installation is a folder with the programs of one PostgreSQL version.
type installation struct {
	bin, version string
	major        int
}

// search is where PostgreSQL is looked for: in pgBin alone where that is set,
// else in the folders of path, those that the patterns usual match, and cache,
// where downloads are.
type search struct {
	pgBin       string
	path, usual []string
	cache       string
}

func machine() *search {
	s := &search{
		pgBin: os.Getenv("PG_BIN"),
		path:  filepath.SplitList(os.Getenv("PATH")),
		// Where packages put servers of several versions side by side.
		usual: []string{
			"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
			"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		},
		cache: "/var/cache/securetodo", // root's own is out of reach for the server's user
	}
	if dir, err := os.UserCacheDir(); err == nil && os.Geteuid() != 0 {
		s.cache = filepath.Join(dir, "securetodo")
	}
	if bin, err := filepath.Abs(s.pgBin); err == nil && s.pgBin != "" {
		s.pgBin = bin
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
	var others []string
	for _, folder := range where.folders() {
		i, err := inspect(folder)
		switch {
		case err != nil && where.pgBin != "":
			return i, fmt.Errorf("PG_BIN is %s, where no PostgreSQL works: %w: set it to the folder that holds initdb and postgres, or unset it", folder, err)
		case err != nil:
		case i.major >= oldestMajor && (major == 0 || i.major == major):
			return i, nil
		default:
			others = append(others, "PostgreSQL "+i.version+" in "+i.bin)
		}
	}
	needed, last := fmt.Sprintf("PostgreSQL %d or newer", oldestMajor), ""
	if major != 0 {
		needed = fmt.Sprintf("PostgreSQL %d, which made the data in %s", major, h.dataDir())
		last = "\n  - move the folder away to begin with an empty database: the data is left as it is"
	}
	var i installation
	err := fmt.Errorf("version %s, which could be downloaded, is not that", downloadVersion)
	switch {
	case where.pgBin != "":
		err = fmt.Errorf("PG_BIN says to use %s", others[0])
	case major == 0 || major == downloadMajor:
		if i, err = c.download(ctx, where.cache); err == nil {
			return i, nil
		}
		err = fmt.Errorf("downloading version %s failed: %w", downloadVersion, err)
	}
	if len(others) == 0 {
		others = []string{"none"}
	}
	return i, fmt.Errorf("%[1]s is needed, this machine has %[2]s, and %[3]w\nAny one of these helps:\n"+
		"  - install %[1]s, or set PG_BIN to the folder that holds its initdb and postgres\n"+
		"  - set POSTGRES_MIRROR_URL to a Maven repository that this machine can reach\n"+
		"  - set DATABASE_URL to a PostgreSQL server of your own%[4]s", needed, strings.Join(others, ", "), err, last)
}

func (s *search) folders() []string {
	if s.pgBin != "" {
		return []string{s.pgBin}
	}
	folders := slices.Clone(s.path)
	for _, pattern := range s.usual {
		matches, _ := filepath.Glob(pattern)
		slices.Reverse(matches) // newest first
		folders = append(folders, matches...)
	}
	return append(folders, downloaded(s.cache))
}

var versionOutput = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect follows the symbolic link of initdb, because packages link it into
// folders that lack the rest.
func inspect(folder string) (installation, error) {
	if !filepath.IsAbs(folder) {
		return installation{}, fmt.Errorf("%q is not an absolute path", folder)
	}
	initdb, err := filepath.EvalSymlinks(filepath.Join(folder, "initdb"))
	if err != nil {
		return installation{}, err
	}
	bin := filepath.Dir(initdb)
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
