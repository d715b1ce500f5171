package http_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// escaped is a text as a JSON string in ASCII.
func escaped(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestTitleThatCannotBeSeenIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.create(alice, "kept")
	for name, title := range map[string]string{
		"zero width space": "\u200b", "byte order mark": "\ufeff", "Hangul filler": "\u3164", "Braille blank": "\u2800", "soft hyphen": "\u00ad",
		"variation selector": "\ufe0f", "tag characters": "\U000e0041\U000e007f", "word joiner between spaces": " \u2060 \u3000\u200b ", "null notehead": "\U0001d159",
		"escape sequence": "\u001b[31mred", "C1 control": "a\u009b31mb", "line break": "two\nlines", "tab": "a\tb", "delete": "a\u007f", "bell": "\u0007",
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"title":` + escaped(t, title) + `}`
			for _, request := range []struct{ method, path string }{{"POST", tasksOf(alice)}, {"PUT", pathOf(made)}, {"PATCH", pathOf(made)}} {
				problem := a.do(alice, request.method, request.path, body).must(t, 422).problem(t)
				if len(problem.Errors) != 1 || problem.Errors[0].Pointer != "/title" {
					t.Errorf("%s: %+v", request.method, problem)
				}
			}
			a.do(alice, "PUT", tasksOf(alice)+"/019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20", body, "If-None-Match: *").must(t, 422).problem(t)
		})
	}
	for sent, kept := range map[string]string{
		"\u200bseen\ufeff": "\u200bseen\ufeff", "❤\ufe0f": "❤\ufe0f", "👩\u200d🚀": "👩\u200d🚀", "\u0301": "\u0301", "\tbread \r\n": "bread", "\u061cمرحبا": "\u061cمرحبا", "\u2801": "\u2801",
	} {
		if got := a.post(`{"title":` + escaped(t, sent) + `}`).Title; got != kept {
			t.Errorf("%q was kept as %q", sent, got)
		}
	}
}

// TestTitleChecksAreTheServers tries every code point: the CHECKs refuse what the server
// refuses.
func TestTitleChecksAreTheServers(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for constraint, c := range map[string]struct {
		condition string
		refused   func(rune) bool
	}{
		"tasks_title_visible":    {"chr(point) !~ $1", todohttp.IsInvisible},
		"tasks_title_no_control": {"chr(point) ~ $1", unicode.IsControl},
	} {
		definition := dbtest.Value[string](t, url, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", constraint)
		pattern := regexp.MustCompile(`'(.*)'`).FindStringSubmatch(definition)[1]
		inSQL := dbtest.Value[[]int32](t, url, `
			SELECT array_agg(point ORDER BY point) FROM generate_series(1, 1114111) AS point
			WHERE point NOT BETWEEN 55296 AND 57343 AND `+c.condition, pattern)
		var inGo []int32
		for point := rune(1); point <= unicode.MaxRune; point++ { // PostgreSQL's text has no NUL
			if c.refused(point) && (point < 0xd800 || point > 0xdfff) {
				inGo = append(inGo, point)
			}
		}
		if !slices.Equal(inSQL, inGo) {
			t.Errorf("%s refuses %U, the server by Unicode %s %U", constraint, inSQL, unicode.Version, inGo)
		}
	}
}

func TestTextsAreKeptInNormalFormC(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	made := a.post(`{"title":"  Cafe\u0301 ","description":"A\u030a\n\u1112\u1161\u11ab","tags":["cafe\u0301","caf\u00e9","\u212a","K"]}`)
	if made.Title != "Café" || *made.Description != "Å\n한" || !slices.Equal(made.Tags, []string{"café", "K"}) {
		t.Errorf("%q %q %q", made.Title, *made.Description, made.Tags)
	}
	// Both spellings are one value: nothing changes.
	same := a.do(alice, "PATCH", pathOf(made), `{"title":"Cafe\u0301","description":"A\u030a\n한","tags":["K","cafe\u0301"]}`).must(t, 200).task(t)
	if !slices.Equal(same.Tags, []string{"K", "café"}) {
		t.Errorf("%q", same.Tags)
	}
	if again := a.do(alice, "PUT", pathOf(made), `{"title":"Cafe\u0301","tags":["\u212a","cafe\u0301"]}`).must(t, 200).task(t); again.Version != same.Version {
		t.Errorf("version %d became %d", same.Version, again.Version)
	}
	// Limits count what is kept: one character of two, and three of one.
	a.post(`{"title":"` + strings.Repeat("e\u0301", todohttp.MaxTitle) + `","description":"` + strings.Repeat("e\u0301", todohttp.MaxDescription) + `","tags":["` + strings.Repeat("e\u0301", todohttp.MaxTag) + `"]}`)
	for pointer, body := range map[string]string{
		"/title":       `{"title":"` + strings.Repeat("\u0958", todohttp.MaxTitle/2+1) + `"}`,
		"/description": `{"title":"a","description":"` + strings.Repeat("\u0958", todohttp.MaxDescription/2+1) + `"}`,
		"/tags/0":      `{"title":"a","tags":["` + strings.Repeat("\u0958", todohttp.MaxTag/2+1) + `"]}`,
	} {
		if got := a.do(alice, "POST", tasksOf(alice), body).must(t, 422).problem(t).Errors[0].Pointer; got != pointer {
			t.Errorf("%s, want %s", got, pointer)
		}
	}
	for _, tag := range []string{"café", "cafe\u0301"} {
		if got := titles(a.list("?tag=" + url.QueryEscape(tag))); got != "Café" {
			t.Errorf("tag %q: %s", tag, got)
		}
	}
	a.do(alice, "GET", tasksOf(alice)+"?tag="+url.QueryEscape(strings.Repeat("\u0958", todohttp.MaxTag/2+1)), "").must(t, 400)
	a.do(alice, "GET", tasksOf(alice)+"?search="+url.QueryEscape(strings.Repeat("\u0958", todohttp.MaxSearch/2+1)), "").must(t, 400)
	a.do(alice, "GET", tasksOf(alice)+"?search="+url.QueryEscape(strings.Repeat("e\u0301", todohttp.MaxSearch)), "").must(t, 200)
}

func TestSearchFindsWhateverTheCaseAndTheNormalForm(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	// The capitals of Georgian came with Unicode 11, which an old ICU does not know.
	old := dbtest.Value[bool](t, a.database, `SELECT upper('ს' COLLATE "und-x-icu") = 'ს'`)
	for _, c := range []struct{ text, search string }{
		{"ΟΔΟΣΗ", "οδος"},
		{"ΟΔΟΣΗ", "ΟΔΟΣ"},
		{"η οδός", "ΟΔΌΣ"},
		{"οδοσ", "οδος"},
		{"Straße", "STRASSE"},
		{"STRASSE", "straße"},
		{"STRAẞE", "straße"},
		{"straße", "STRAẞE"},
		{"Café", "cafe\u0301"},
		{"e\u0301te\u0301", "ÉTÉ"},
		{"Купить МОЛОКО", "молоко"},
		{"купить молоко", "МОЛОКО"},
		{"Йод и ёж", "и\u0306од"},
		{"ΐ", "\u0399\u0308\u0301"},
		{"\u03aa\u0301", "ΐ"},
		{"ﬁnal report", "FINAL"},
		{"Խնձոր", "ԽՆՁՈՐ"},
		{"საქმე", "ᲡᲐᲥᲛᲔ"},
		{"𐐨𐑉", "𐐀𐐡"},
		{"ｶﾞ 한글", "\u1112\u1161\u11ab"},
		{"istanbul", "İSTANBUL"},
		{"İstanbul", "istanbul"},
		{"İstanbul", "i\u0307stanbul"},
		{"ISPARTA", "ısparta"},
		{"ılık", "ILIK"},
		{"Ǆ", "ǆ"},
		{"🛒 MILK", "🛒 milk"},
		{"Việt Nam", "VIE\u0323\u0302T"},
	} {
		if old && c.text == "საქმე" {
			continue
		}
		made := a.post(`{"title":` + escaped(t, c.text) + `,"description":"x"}`)
		described := a.post(`{"title":"x","description":` + escaped(t, c.text) + `}`)
		query := "?search=" + url.QueryEscape(c.search)
		if got := a.list(query); len(got) != 2 {
			t.Errorf("%q in %q: %d tasks found, want 2", c.search, c.text, len(got))
		}
		if got := a.list("?sort=title&search=" + url.QueryEscape(c.text)); len(got) != 2 {
			t.Errorf("%q in itself: %d tasks found, want 2", c.text, len(got))
		}
		if got := a.do(alice, "PATCH", tasksOf(alice)+query, `{"completed":true}`).must(t, 200).body; got != `{"updated":2}` {
			t.Errorf("%q in %q: %s", c.search, c.text, got)
		}
		if got := a.do(alice, "DELETE", tasksOf(alice)+query, "").must(t, 200).body; got != `{"deleted":2}` {
			t.Errorf("%q in %q: %s", c.search, c.text, got)
			a.do(alice, "DELETE", pathOf(made), "")
			a.do(alice, "DELETE", pathOf(described), "")
		}
	}
	a.post(`{"title":"Café ΟΔΌΣ","description":"100%_\\"}`)
	for _, none := range []string{"cafe", "ΟΔΟΣ", "ss", "1000", "é ο\u0345", "100%%"} {
		if got := a.list("?search=" + url.QueryEscape(none)); len(got) != 0 {
			t.Errorf("%q was found", none)
		}
	}
}
