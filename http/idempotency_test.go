package http_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

func TestIdempotencyKeyNamesOneTask(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	longest := strings.Repeat("x", todohttp.MaxKey)
	ids := map[string]bool{}
	for _, spellings := range [][]string{
		{
			"6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", `"6ba7b810-9dad-41d1-80b4-00c04fd430c8"`,
			"6ba7b8109dad41d180b400c04fd430c8", "urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8", "{6ba7b810-9dad-41d1-80b4-00c04fd430c8}",
		},
		{"(6ba7b810-9dad-41d1-80b4-00c04fd430c8)"},
		{"1", `"1"`},
		{"order-17", `"order-17"`},
		{"Order-17"},
		{"order-17,order-18"},
		{`a"b\c`, `"a\"b\\c"`},
		{`\"`, `"\\\""`},
		{longest, `"` + longest + `"`},
		{longest[1:]},
		{"00000000-0000-4000-8000-00000000000", `"00000000-0000-4000-8000-00000000000"`},
	} {
		var id string
		for n, spelling := range spellings {
			status := 200
			if n == 0 {
				status = 201
			}
			made := a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: "+spelling).must(t, status).task(t)
			if id = made.ID; n == 0 && ids[id] {
				t.Errorf("%s is the task of another key", spelling)
			}
			if !ids[id] && n > 0 {
				t.Errorf("%s made another task than %s", spelling, spellings[0])
			}
			ids[id] = true
		}
		a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"`+strings.ToUpper(id)+`"}`, "Idempotency-Key: "+spellings[0]).must(t, 200)
	}
	for _, made := range a.list("") {
		if id := uuid.MustParse(made.ID); id.Variant() != uuid.RFC4122 || id.Version() != 5 && made.ID != "6ba7b810-9dad-41d1-80b4-00c04fd430c8" {
			t.Errorf("%s is of version %d", id, id.Version())
		}
	}
	theirs := a.do(bob, "POST", tasksOf(bob), `{"title":"bob's"}`, "Idempotency-Key: order-17").must(t, 201).task(t)
	if ids[theirs.ID] {
		t.Error("the same key of another user is the same id")
	}
	gone := a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: order-17").must(t, 200).task(t)
	a.do(alice, "DELETE", pathOf(gone), "").must(t, 204)
	a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, `Idempotency-Key: "order-17"`).must(t, 409).problem(t)
}

// TestIdempotencyKeyMakesTheSameIDForEver has an id that a release made once: a retry that
// meets the next release must find it.
func TestIdempotencyKeyMakesTheSameIDForEver(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	if got := a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, "Idempotency-Key: order-17").must(t, 201).task(t).ID; got != "2f594611-ffd4-5614-a4ec-6661a4761a0b" {
		t.Errorf("the id is %s", got)
	}
}

func TestIdempotencyKeyThatIsOddMakesNoTask(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	const key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	tooLong := strings.Repeat("x", todohttp.MaxKey+1)
	rule := "Idempotency-Key: " + todohttp.RuleKey
	for _, c := range []struct {
		headers []string
		detail  string
	}{
		{[]string{"Idempotency-Key: "}, "Idempotency-Key: is empty"},
		{[]string{`Idempotency-Key: ""`}, "Idempotency-Key: is empty"},
		{[]string{`Idempotency-Key: "`}, rule},
		{[]string{`Idempotency-Key: "a`}, rule},
		{[]string{`Idempotency-Key: "a"b`}, rule},
		{[]string{`Idempotency-Key: "a";b=c`}, rule},
		{[]string{`Idempotency-Key: "a", "b"`}, rule},
		{[]string{`Idempotency-Key: "a\b"`}, rule},
		{[]string{`Idempotency-Key: "a\"`}, rule},
		{[]string{"Idempotency-Key: a b"}, rule},
		{[]string{`Idempotency-Key: "a b"`}, rule},
		{[]string{"Idempotency-Key: a\tb"}, rule},
		{[]string{"Idempotency-Key: \u00e9"}, rule},
		{[]string{"Idempotency-Key: " + tooLong}, rule},
		{[]string{`Idempotency-Key: "` + tooLong + `"`}, rule},
		{[]string{"Idempotency-Key: " + key, "Idempotency-Key: " + key}, "Idempotency-Key: is given more than once"},
		{[]string{"Idempotency-Key: ", "Idempotency-Key: " + key}, "Idempotency-Key: is given more than once"},
		{[]string{"Idempotency-Key: a", "Idempotency-Key: b"}, "Idempotency-Key: is given more than once"},
	} {
		if p := a.do(alice, "POST", tasksOf(alice), `{"title":"a"}`, c.headers...).must(t, 400).problem(t); p.Detail != c.detail {
			t.Errorf("%q: %s", c.headers, p.Detail)
		}
	}
	for _, other := range []string{"order-17", `"order-17"`, "6ba7b810-9dad-41d1-80b4-00c04fd430c9"} {
		p := a.do(alice, "POST", tasksOf(alice), `{"title":"a","id":"`+key+`"}`, "Idempotency-Key: "+other).must(t, 400).problem(t)
		if p.Detail != "Idempotency-Key: differs from the id in the body" {
			t.Errorf("%s: %s", other, p.Detail)
		}
	}
	if left := a.list(""); len(left) != 0 {
		t.Errorf("%+v", left)
	}
}
