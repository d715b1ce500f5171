package db

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"

	todosql "github.com/securetodo/securetodo/sql"
)

// MigrationFile is one migration as its up file states it.
type MigrationFile struct {
	Version uint `json:"version"`
	// Name is what the file's name says, such as create_users.
	Name string `json:"name"`
	// Locks is the file's -- Locks: line, "" if it has none.
	Locks string `json:"locks"`
	// SQL is the whole up file.
	SQL string `json:"sql"`

	down string
}

var (
	locksLine   = regexp.MustCompile(`(?m)^-- Locks: *((?:.*\n)(?:-- .*\n)*)`)
	comment     = regexp.MustCompile(`(?m)--.*$`)
	concurrent  = regexp.MustCompile(`(?i)\bCONCURRENTLY\b`)
	transaction = regexp.MustCompile(`(?im)^\s*(BEGIN|COMMIT|ROLLBACK|START)(\s+(TRANSACTION|WORK))?\s*;`)
	indexName   = regexp.MustCompile(`(?i)\b(CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([\w."]+)`)
)

// migrationFiles reads the folder migrations of a file system, in order, and
// refuses a file whose kill or failure would leave what nobody can tell.
func migrationFiles(files fs.FS) ([]MigrationFile, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	found := map[uint]*MigrationFile{}
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
		if err := checkFile(string(content)); err != nil {
			return nil, refuse("migration %s: %s", name, err)
		}
		file := found[parsed.Version]
		if file == nil {
			file = &MigrationFile{Version: parsed.Version, Name: parsed.Identifier}
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
	var ordered []MigrationFile
	for _, file := range found {
		if file.SQL == "" || file.down == "" {
			return nil, refuse("migration %d_%s: has not both an up and a down file", file.Version, file.Name)
		}
		ordered = append(ordered, *file)
	}
	slices.SortFunc(ordered, func(a, b MigrationFile) int { return int(a.Version) - int(b.Version) })
	return ordered, nil
}

func checkFile(sql string) error {
	sql = comment.ReplaceAllString(sql, "")
	switch {
	case strings.TrimSpace(sql) == "":
		return errors.New("is empty")
	case transaction.MatchString(sql):
		return errors.New("begins or ends a transaction, but each file is one already")
	case concurrent.MatchString(sql) && strings.Contains(strings.TrimRight(sql, "; \t\r\n"), ";"):
		return errors.New("what runs CONCURRENTLY must be alone in its file, because it cannot be in a transaction")
	}
	return nil
}

// isConcurrent tells whether a file cannot be in a transaction.
func isConcurrent(sql string) bool {
	return concurrent.MatchString(comment.ReplaceAllString(sql, ""))
}

// concurrentIndex is the index that such a file makes or drops, "" for none.
func concurrentIndex(sql string) (name string, created bool) {
	match := indexName.FindStringSubmatch(comment.ReplaceAllString(sql, ""))
	if match == nil {
		return "", false
	}
	return match[2], strings.EqualFold(match[1], "CREATE")
}

// LatestVersion returns the version that the embedded migrations lead to.
func LatestVersion() (uint, error) {
	files, err := migrationFiles(todosql.Migrations)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, errors.New("no migrations are embedded")
	}
	return files[len(files)-1].Version, nil
}

// String is the file's name without its ending.
func (f MigrationFile) String() string { return fmt.Sprintf("%06d_%s", f.Version, f.Name) }
