package migration

import (
	"errors"
	"regexp"
	"strings"
)

var (
	opaque       = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$\w*\$`)
	concurrent   = regexp.MustCompile(`(?i)\bCONCURRENTLY\b`)
	functionBody = regexp.MustCompile(`(?is)\bBEGIN\s+ATOMIC\b.*?;\s*END\b`)
	transaction  = regexp.MustCompile(`(?i)(?:^|;)\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b`)
	indexName    = regexp.MustCompile(`(?i)\b(CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([\w."]+)`)
)

// checkText refuses a file after whose failure or kill nobody could tell how much of
// it was done.
func checkText(sql string) error {
	sql = strings.TrimSpace(withoutLiterals(sql))
	name, created := concurrentIndex(sql)
	switch {
	case sql == "":
		return errors.New("is empty")
	case transaction.MatchString(functionBody.ReplaceAllString(sql, "")):
		return errors.New("begins or ends a transaction, but each file is one already")
	case concurrent.MatchString(sql) && strings.Contains(strings.TrimRight(sql, "; \t\r\n"), ";"):
		return errors.New("what runs CONCURRENTLY must be alone in its file, because it cannot be in a transaction")
	case created && strings.EqualFold(name, "ON"):
		return errors.New("an index that is made CONCURRENTLY needs a name, by which the next run finds what a killed one left")
	}
	return nil
}

// withoutLiterals is SQL without its comments, literals and function bodies, in which
// any word may stand.
func withoutLiterals(sql string) string {
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

// isConcurrent reports whether a file cannot be in a transaction.
func isConcurrent(sql string) bool { return concurrent.MatchString(withoutLiterals(sql)) }

// concurrentIndex is the index that such a file makes or drops, "" for none.
func concurrentIndex(sql string) (name string, created bool) {
	match := indexName.FindStringSubmatch(withoutLiterals(sql))
	if match == nil {
		return "", false
	}
	return match[2], strings.EqualFold(match[1], "CREATE")
}
