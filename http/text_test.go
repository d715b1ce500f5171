package http_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
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

func TestSearchFindsWhateverTheCaseAndTheNormalForm(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
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
