package migration

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"
)

// File is one migration as its up file states it.
type File struct {
	Version uint `json:"version"`
	// Name is what the file's name says, such as create_users.
	Name string `json:"name"`
	// Locks is the file's -- Locks: line, "" if it has none.
	Locks string `json:"locks"`
	// SQL is the whole up file.
	SQL string `json:"sql"`

	down string
}

// String is the file's name without its ending.
func (f File) String() string { return fmt.Sprintf("%06d_%s", f.Version, f.Name) }

// Concurrent reports whether the up file cannot be in a transaction.
func (f File) Concurrent() bool { return isConcurrent(f.SQL) }

// folder is what a Runner knows of, in order.
type folder []File

var locksLine = regexp.MustCompile(`(?m)^-- Locks: *((?:.*\n)(?:-- .*\n)*)`)

// readFolder reads the folder migrations of a file system.
func readFolder(files fs.FS) (folder, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	found := map[uint]*File{}
	for _, path := range names {
		name := strings.TrimPrefix(path, "migrations/")
		parsed, err := source.DefaultParse(name)
		if err != nil {
			return nil, refuse("migration %s: its name is not like 000001_verb_object.up.sql", name)
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		if err := checkText(string(content)); err != nil {
			return nil, refuse("migration %s: %s", name, err)
		}
		file := found[parsed.Version]
		if file == nil {
			file = &File{Version: parsed.Version, Name: parsed.Identifier}
			found[parsed.Version] = file
		}
		if parsed.Direction == source.Up {
			file.SQL = string(content)
			if lines := locksLine.FindStringSubmatch(file.SQL); lines != nil {
				file.Locks = strings.Join(strings.Fields(strings.ReplaceAll(lines[1], "\n--", "\n")), " ")
			}
		} else {
			file.down = string(content)
		}
	}
	var ordered folder
	for _, file := range found {
		if file.SQL == "" || file.down == "" {
			return nil, refuse("migration %d_%s: has not both an up and a down file", file.Version, file.Name)
		}
		ordered = append(ordered, *file)
	}
	slices.SortFunc(ordered, func(a, b File) int { return int(a.Version) - int(b.Version) })
	return ordered, nil
}

func (f folder) latest() uint {
	if len(f) == 0 {
		return 0
	}
	return f[len(f)-1].Version
}

// before is the version that a migration is applied to, 0 for none.
func (f folder) before(version uint) (before uint) {
	for _, file := range f {
		if file.Version < version {
			before = file.Version
		}
	}
	return before
}

// after is the migration that follows one, the same where none does.
func (f folder) after(version uint) uint {
	for _, file := range f {
		if file.Version > version {
			return file.Version
		}
	}
	return version
}

// known refuses a version that no file has; 0 is before the first.
func (f folder) known(version uint) error {
	if version == 0 || slices.ContainsFunc(f, func(file File) bool { return file.Version == version }) {
		return nil
	}
	return refuse("there is no version %d: the newest is %d", version, f.latest())
}

// text is the file that a step runs, "" for a step of another program.
func (f folder) text(step Step) string {
	for _, file := range f {
		switch {
		case file.Version != step.Version:
		case step.Direction == "down":
			return file.down
		default:
			return file.SQL
		}
	}
	return ""
}

// Step is one file that a run ran.
type Step struct {
	Version uint `json:"version"`
	// Direction is up or down.
	Direction string `json:"direction"`
}
