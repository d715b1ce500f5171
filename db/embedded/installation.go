package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
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
	bin     string
	version string
	major   int
}

func (i installation) String() string { return "PostgreSQL " + i.version + " in " + i.bin }

var (
	errNoInstallation = errors.New("no PostgreSQL on this machine")
	versionOutput     = regexp.MustCompile(`\(PostgreSQL\) ((\d+)[^ \n]*)`)
)

// usualPlaces are where packages put servers of several versions side by side.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

// findInstallation finds the server to run; major 0 means any that is new
// enough. It returns errNoInstallation where the machine has none.
func (o order) findInstallation(major int) (installation, error) {
	if o.PGBin != "" {
		return fromPGBin(o.PGBin, major)
	}
	var others []string
	for _, i := range o.installations() {
		if i.major >= oldestMajor && (major == 0 || i.major == major) {
			return i, nil
		}
		others = append(others, i.String())
	}
	if len(others) == 0 {
		return installation{}, errNoInstallation
	}
	return installation{}, fmt.Errorf("%w that fits (there is %s)", errNoInstallation, strings.Join(others, ", "))
}

func fromPGBin(bin string, major int) (installation, error) {
	i, err := inspect(bin)
	switch {
	case err != nil:
		return i, fmt.Errorf("PG_BIN is %s, which does not work as a PostgreSQL server: %w: "+
			"set it to the folder that holds initdb, pg_ctl and postgres, or unset it", bin, err)
	case i.major < oldestMajor:
		return i, fmt.Errorf("PG_BIN is %s, which holds PostgreSQL %s: version %d or newer is needed", bin, i.version, oldestMajor)
	case major != 0 && i.major != major:
		return i, fmt.Errorf("%w that fits (PG_BIN says %s)", errNoInstallation, i)
	}
	return i, nil
}

// installations is in order of preference: what the person's own shell would
// run, then the newest of what is installed, then what was downloaded before.
func (o order) installations() []installation {
	var found []installation
	add := func(i installation) {
		if !slices.ContainsFunc(found, func(f installation) bool { return f.bin == i.bin }) {
			found = append(found, i)
		}
	}
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if i, err := inspect(folder); err == nil {
			add(i)
		}
	}
	var installed []installation
	for _, pattern := range o.UsualPlaces {
		folders, _ := filepath.Glob(pattern)
		for _, folder := range folders {
			if i, err := inspect(folder); err == nil {
				installed = append(installed, i)
			}
		}
	}
	slices.SortStableFunc(installed, func(a, b installation) int { return cmp.Compare(b.major, a.major) })
	for _, i := range installed {
		add(i)
	}
	for _, cache := range o.caches() {
		if i, err := cache.installation(); err == nil {
			add(i)
		}
	}
	return found
}

// inspect follows symbolic links, because PostgreSQL's programs look for each
// other beside the real file.
func inspect(folder string) (installation, error) {
	if !filepath.IsAbs(folder) {
		return installation{}, fmt.Errorf("%q is not an absolute path", folder)
	}
	control, err := filepath.EvalSymlinks(filepath.Join(folder, "pg_ctl"))
	if errors.Is(err, fs.ErrNotExist) {
		return installation{}, fmt.Errorf("there is no pg_ctl in %s", folder)
	}
	if err != nil {
		return installation{}, err
	}
	bin := filepath.Dir(control)
	for _, name := range []string{"pg_ctl", "initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(bin, name)); err != nil {
			return installation{}, fmt.Errorf("there is no program %s in %s", name, bin)
		}
	}
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("asking %s/postgres for its version: %w", bin, err)
	}
	match := versionOutput.FindSubmatch(out)
	if match == nil {
		return installation{}, fmt.Errorf("%s/postgres does not tell its version: %q", bin, out)
	}
	major, err := strconv.Atoi(string(match[2]))
	if err != nil {
		return installation{}, err
	}
	return installation{bin: bin, version: string(match[1]), major: major}, nil
}

// prefix is the folder above one called bin, as the library wants it.
func (i installation) prefix(dir string) (string, error) {
	if filepath.Base(i.bin) == "bin" {
		return filepath.Dir(i.bin), nil
	}
	prefix := filepath.Join(dir, "server")
	link := filepath.Join(prefix, "bin")
	if err := os.MkdirAll(prefix, 0o700); err != nil {
		return "", err
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return prefix, os.Symlink(i.bin, link)
}
