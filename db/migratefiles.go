package db

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"
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
	locksLine    = regexp.MustCompile(`(?m)^-- Locks: *((?:.*\n)(?:-- .*\n)*)`)
	opaque       = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$\w*\$`)
	concurrent   = regexp.MustCompile(`(?i)\bCONCURRENTLY\b`)
	functionBody = regexp.MustCompile(`(?is)\bBEGIN\s+ATOMIC\b.*?;\s*END\b`)
	transaction  = regexp.MustCompile(`(?i)(?:^|;)\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b`)
	indexName    = regexp.MustCompile(`(?i)\b(CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([\w."]+)`)
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
	sql = strings.TrimSpace(bare(sql))
	name, created := concurrentIndex(sql)
	switch {
	case sql == "":
		return errors.New("is empty")
	case transaction.MatchString(functionBody.ReplaceAllString(sql, "")):
		return errors.New("begins or ends a transaction, but each file is one already")
	case concurrent.MatchString(sql) && strings.Contains(strings.TrimRight(sql, "; \t\r\n"), ";"):
		return errors.New("what runs CONCURRENTLY must be alone in its file, because it cannot be in a transaction")
	case created && strings.EqualFold(name, "ON"):
		return errors.New("an index that is made CONCURRENTLY needs a name, by which a killed run's is found")
	}
	return nil
}

// bare is SQL without its comments, literals and function bodies, in which any word
// may stand.
func bare(sql string) string {
	var rest strings.Builder
	for {
		at := opaque.FindStringIndex(sql)
		if at == nil {
			rest.WriteString(sql)
			return rest.String()
		}
		token := sql[at[0]:at[1]]
		rest.WriteString(sql[:at[0]] + " ")
		if strings.HasPrefix(token, "'") {
			rest.WriteString("''")
		}
		sql = sql[at[1]:]
		if strings.HasPrefix(token, "$") {
			_, sql, _ = strings.Cut(sql, token)
		}
	}
}

// isConcurrent tells whether a file cannot be in a transaction.
func isConcurrent(sql string) bool { return concurrent.MatchString(bare(sql)) }

// concurrentIndex is the index that such a file makes or drops, "" for none.
func concurrentIndex(sql string) (name string, created bool) {
	match := indexName.FindStringSubmatch(bare(sql))
	if match == nil {
		return "", false
	}
	return match[2], strings.EqualFold(match[1], "CREATE")
}

// String is the file's name without its ending.
func (f MigrationFile) String() string { return fmt.Sprintf("%06d_%s", f.Version, f.Name) }
