package http_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/text/unicode/norm"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// alphabet has what limits stumble over: each kind of white space, characters of
// one to four bytes, combining ones, and quotes.
var alphabet = []string{
	"a", "Z", " ", "\t", "\n", "\r", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2000", "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
	"\ufeff", "é", "e\u0301", "ß", "語", "😀", "\\", "\"", "'", "%", "\u0001", "\u001f", "\u007f", "\U0010ffff", "\ufffd",
	"\u1100\u1161", "\u0958", "\u1f82", "\u212a",
}

// invisible is what a title alone must not consist of.
var invisible = []string{" ", "\t", "\u00ad", "\u115f", "\u180e", "\u200b", "\u2060", "\u2800", "\u3164", "\ufe0f", "\ufeff", "\U0001d159", "\U000e0041"}

// near is a random text with about that many characters in NFC, often exactly so.
func near(random *rand.Rand, limit int) string {
	n := max(0, limit+random.IntN(5)-2)
	if random.IntN(4) == 0 {
		n = random.IntN(4)
	}
	letters := alphabet
	switch random.IntN(4) {
	case 0:
		letters = invisible
	case 1:
		letters = strings.Split("a Z é e\u0301 ß 語 😀 \u0958", " ") // nothing that a title must not have
	}
	text := ""
	for utf8.RuneCountInString(norm.NFC.String(text)) < n {
		text += letters[random.IntN(len(letters))]
	}
	return text
}

// TestLimitsAreTheSameInGoAndSQL sends random values around each limit through the
// API and, by the same values, past it: the API accepts exactly what the CHECKs
// accept.
func TestLimitsAreTheSameInGoAndSQL(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	conn, err := pgx.Connect(t.Context(), dbtest.SuperuserURL(t, a.database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	agree := func(field string, value, stored any, cast string) {
		t.Helper()
		body := map[string]any{"title": "a", field: value}
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reply := a.do(alice, "POST", tasksOf(alice), string(encoded))
		columns := map[string]any{"title": "a"}
		columns[field] = stored
		var refused *pgconn.PgError
		_, err = conn.Exec(t.Context(), "INSERT INTO tasks (user_id, id, title, "+other(field)+") VALUES ('alice', $1, $2, $3::"+cast+")", uuid.New(), columns["title"], otherValue(field, stored))
		if err != nil && (!errors.As(err, &refused) || refused.Code != "23514") {
			// What no text or time can hold never reaches a CHECK.
			if !errors.As(err, &refused) || refused.Code[:2] != "22" {
				t.Fatal(err)
			}
		}
		if (reply.StatusCode == 201) != (err == nil) || reply.StatusCode != 201 && reply.StatusCode != 422 {
			t.Errorf("seed %d: %s %q: the API says %d, the database %v", seed, field, value, reply.StatusCode, err)
		}
	}
	for range dbtest.Scale(100, 400) {
		title := near(random, todohttp.MaxTitle)
		agree("title", title, strings.TrimFunc(norm.NFC.String(title), isWhiteSpace), "text")
		description := near(random, todohttp.MaxDescription)
		agree("description", description, norm.NFC.String(description), "text")
		tag := near(random, todohttp.MaxTag)
		agree("tags", []string{tag}, []string{norm.NFC.String(tag)}, "text[]")
	}
	for n := range todohttp.MaxTags + 5 {
		var tags []string
		for i := range n {
			tags = append(tags, strings.Repeat("x", i+1))
		}
		agree("tags", append([]string{}, tags...), append([]string{}, tags...), "text[]")
	}
	for _, priority := range []string{"low", "medium", "high", "", "Low", "urgent", "low "} {
		agree("priority", priority, priority, "text")
	}
	for _, due := range []string{
		"0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "0001-01-01T00:01:00+00:01", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-01:00",
		"9999-12-31", "0001-01-01", "2026-02-28", "2024-02-29", "2026-12-01T09:00:00-15:59", "2026-12-01t09:00:00z",
	} {
		agree("due_date", due, due, "timestamptz")
	}
	for _, odd := range []string{"", "infinity", "0000-01-01", "2026-02-30", "2025-02-29", "2026-12-01T24:00:00Z", "2026-12-01T09:00:60Z", "2026-12-01 09:00:00Z", "2026-12-01T09:00:00", "2026-12-01T09:00Z", "2026-12-01T09:00:00,5Z", "2026-12-1", "20261201", "10000-01-01", "now", "12/01/2026", "2026-12-01T09:00:00+24:00", "2026-12-01T09:00:00+02:60", "+026-12-01"} {
		encoded, _ := json.Marshal(map[string]string{"title": "a", "due_date": odd})
		a.do(alice, "POST", tasksOf(alice), string(encoded)).must(t, 422).problem(t)
	}
}

// other is the column beside title that a row sets.
func other(field string) string {
	if field == "title" {
		return "description"
	}
	return field
}

func otherValue(field string, stored any) any {
	if field == "title" {
		return "any"
	}
	return stored
}

func isWhiteSpace(r rune) bool {
	return strings.TrimSpace(string(r)) == ""
}

func TestErrorsOfTagsPriorityAndDueDatePointToThem(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	for body, pointers := range map[string]string{
		`{"title":"a","tags":null}`:              "/tags",
		`{"title":"a","tags":"home"}`:            "/tags",
		`{"title":"a","tags":{"0":"home"}}`:      "/tags",
		`{"title":"a","tags":["home",7]}`:        "/tags/1",
		`{"title":"a","tags":["",null,"x",[]]}`:  "/tags/0 /tags/1 /tags/3",
		`{"title":"a","tags":["\u0000"]}`:        "/tags/0",
		`{"title":"a","priority":null}`:          "/priority",
		`{"title":"a","priority":1}`:             "/priority",
		`{"title":"a","due_date":1767225600}`:    "/due_date",
		`{"title":"a","due_date":"","tags":[7]}`: "/due_date /tags/0",
	} {
		var got []string
		for _, e := range a.do(alice, "POST", tasksOf(alice), body).must(t, 422).problem(t).Errors {
			got = append(got, e.Pointer)
		}
		if strings.Join(got, " ") != pointers {
			t.Errorf("%s: %v", body, got)
		}
	}
}
