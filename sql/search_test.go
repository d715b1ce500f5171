package sql_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

var (
	foldedColumn = regexp.MustCompile(`(?s)strpos\((CASE\s+WHEN title .*? END),`)
	foldedSearch = regexp.MustCompile(`\(SELECT (replace\(.*\))\)\) > 0`)
	parameter    = regexp.MustCompile(`\$\d+::text`)
)

// TestSearchFoldsEveryCharacter tries every code point that has case or decomposes, all of
// which are in the first three planes: a search knows no difference between its upper
// case, its lower case and its normal forms, and the text searched for is folded as the
// text searched in.
func TestSearchFoldsEveryCharacter(t *testing.T) {
	t.Parallel()
	statement := db.Statements()["ListTasksByTitleAsc"]
	column := foldedColumn.FindStringSubmatch(statement)
	search := foldedSearch.FindStringSubmatch(statement)
	if column == nil || search == nil {
		t.Fatalf("a search is not where it is looked for in %s", statement)
	}
	in := func(text string) string { return "(" + strings.ReplaceAll(column[1], "title", text) + ")" }
	of := func(text string) string { return "(" + parameter.ReplaceAllString(search[1], text) + ")" }
	url := dbtest.New(t, dbtest.NeonOwner)
	differ := dbtest.Value[[]string](t, url, `
		WITH characters AS MATERIALIZED (
			SELECT c AS title, upper(c COLLATE "und-x-icu") AS up, lower(c COLLATE "und-x-icu") AS low, normalize(c, NFD) AS nfd
			FROM (SELECT chr(point) AS c FROM generate_series(1, 196607) AS point WHERE point NOT BETWEEN 55296 AND 57343) AS characters
		)
		SELECT COALESCE(array_agg(format('U+%s: %s', to_hex(ascii(title)), what)), '{}')
		FROM characters
		CROSS JOIN LATERAL (VALUES
			('searched in and for', `+of("title")+`),
			('upper case', `+in("up")+`),
			('lower case', `+in("low")+`),
			('decomposed', `+in("nfd")+`),
			('upper case, decomposed', `+in("normalize(up, NFD)")+`)
		) AS others (what, text)
		WHERE (up <> title OR low <> title OR nfd <> title)
		  AND text <> `+in("title"))
	for _, difference := range differ {
		t.Error(difference)
	}
}
