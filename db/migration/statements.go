package migration

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5/pgconn"
)

// Statements splits the text of a file where psql does: behind each semicolon that ends
// a statement, which those in quotes, comments, parentheses and BEGIN ATOMIC bodies do
// not. It leaves nothing out: joined again they are the text, comments included. What
// follows the last semicolon belongs to the last statement if it is only comments.
func Statements(text string) []string {
	var statements []string
	s := scanner{text: text}
	for start, empty := 0, true; ; {
		switch token := s.next(); {
		case token == "":
			switch rest := text[start:]; {
			case rest == "":
			case empty && len(statements) > 0:
				statements[len(statements)-1] += rest
			default:
				statements = append(statements, rest)
			}
			return statements
		case token == ";" && s.parentheses == 0 && s.begun == 0:
			statements = append(statements, text[start:s.at])
			start, empty = s.at, true
			s.function = s.function[:0]
		case !isSpace(token):
			empty = false
		}
	}
}

// statementError is the error of a statement that begins at a byte of a file, as
// golang-migrate's driver would say it of the whole. PostgreSQL does not give every error
// a position; then it is that of the statement.
func statementError(err error, file string, at int, statement string) error {
	failed := database.Error{OrigErr: err, Err: "migration failed", Query: []byte(statement)}
	pg, fromServer := errors.AsType[*pgconn.PgError](err)
	if !fromServer {
		return failed
	}
	before := file[:at+firstWord(statement)]
	if pg.Position > 0 { // in characters, the first of which is 1
		runes := []rune(statement)
		before = file[:at] + string(runes[:min(int(pg.Position)-1, len(runes))])
	}
	failed.Line = uint(strings.Count(before, "\n") + 1)
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	failed.Err = fmt.Sprintf("migration failed: %s (column %d)", pg.Message, column)
	if pg.Detail != "" {
		failed.Err += ", " + pg.Detail
	}
	return failed
}

// firstWord is where a statement begins behind the comments in front of it.
func firstWord(statement string) int {
	s := scanner{text: statement}
	for {
		at := s.at
		if token := s.next(); token == "" || !isSpace(token) {
			return at
		}
	}
}

// scanner reads tokens by the rules of the PostgreSQL manual, 4.1, with
// standard_conforming_strings on. It does not tell numbers from operators: nothing of
// either can hold a semicolon.
type scanner struct {
	text string
	at   int
	// parentheses are those that are open, and begun the blocks of a BEGIN ATOMIC.
	parentheses, begun int
	// function are the first letters of the words of CREATE [OR REPLACE] FUNCTION or
	// PROCEDURE, as far as they have come: other statements have no BEGIN ATOMIC.
	function []byte
}

// next returns the next token, with white space and comments, and "" at the end.
func (s *scanner) next() string {
	rest := s.text[s.at:]
	n := 0
	switch {
	case rest == "":
		return ""
	case strings.HasPrefix(rest, "--"):
		n = strings.IndexByte(rest, '\n') + 1
	case strings.HasPrefix(rest, "/*"):
		n = commentEnd(rest)
	case rest[0] == '\'', rest[0] == '"':
		n = quoteEnd(rest, rest[0], false)
	case rest[0] == '$':
		n = dollarEnd(rest)
	case len(rest) > 1 && (rest[0]|0x20) == 'e' && rest[1] == '\'':
		if n = quoteEnd(rest[1:], '\'', true); n > 0 {
			n++
		}
	case isWordStart(rest[0]):
		for n = 1; n < len(rest) && isWord(rest[n]); {
			n++
		}
		s.word(strings.ToLower(rest[:n]))
	default:
		n = 1
		switch rest[0] {
		case '(':
			s.parentheses++
		case ')':
			s.parentheses = max(s.parentheses-1, 0)
		}
	}
	if n == 0 { // never closed, as PostgreSQL will say
		n = len(rest)
	}
	s.at += n
	return rest[:n]
}

// word counts the blocks of a BEGIN ATOMIC as psql does. CASE ends with END, too.
func (s *scanner) word(word string) {
	if len(s.function) < 4 {
		s.function = append(s.function, letterOf(word))
	}
	switch kind := string(s.function); {
	case s.parentheses > 0:
	case !strings.HasPrefix(kind, "cf") && !strings.HasPrefix(kind, "corf"):
	case word == "begin", word == "case" && s.begun > 0:
		s.begun++
	case word == "end":
		s.begun = max(s.begun-1, 0)
	}
}

func letterOf(word string) byte {
	switch word {
	case "create", "or", "replace":
		return word[0]
	case "function", "procedure":
		return 'f'
	}
	return ' '
}

// commentEnd is where a comment ends, in which others may stand.
func commentEnd(text string) int {
	for depth, i := 0, 0; i+1 < len(text); {
		switch text[i : i+2] {
		case "/*":
			depth, i = depth+1, i+2
		case "*/":
			if depth, i = depth-1, i+2; depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return 0
}

// quoteEnd is where what a quote begins ends. A doubled quote is two of them in a row.
func quoteEnd(text string, quote byte, escapes bool) int {
	for i := 1; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] != quote:
		case escapes && i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// dollarEnd is where a dollar-quoted text ends, 1 where none begins.
func dollarEnd(text string) int {
	n := 1
	for n < len(text) && isWord(text[n]) && text[n] != '$' {
		n++
	}
	if n == len(text) || text[n] != '$' || n > 1 && !isWordStart(text[1]) {
		return 1
	}
	tag := text[:n+1]
	end := strings.Index(text[len(tag):], tag)
	if end < 0 {
		return 0
	}
	return end + 2*len(tag)
}

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isWord(c byte) bool { return isWordStart(c) || c >= '0' && c <= '9' || c == '$' }

// isSpace tells a token that is no part of a statement.
func isSpace(token string) bool {
	return strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*") || strings.ContainsAny(token[:1], " \t\r\n\f\v")
}
