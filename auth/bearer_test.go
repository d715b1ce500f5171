package auth_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/securetodo/securetodo/auth"
)

func TestBearerTokenNeedsExactlyOneWellFormedHeader(t *testing.T) {
	for _, c := range []struct {
		values []string
		token  string
		none   bool // ErrNoToken rather than a malformed one
	}{
		{[]string{"Bearer a.b.c"}, "a.b.c", false},
		{[]string{"bearer a.b.c"}, "a.b.c", false},
		{[]string{"BEARER a.b.c"}, "a.b.c", false},
		{nil, "", true},
		{[]string{""}, "", true},
		{[]string{"Basic YTpi"}, "", true},
		{[]string{"a.b.c"}, "", true},
		{[]string{"Bearer"}, "", false},
		{[]string{"Bearer "}, "", false},
		{[]string{"Bearer  a.b.c"}, "a.b.c", false}, // 1*SP
		{[]string{"beAReR     a.b.c"}, "a.b.c", false},
		{[]string{"Bearer  "}, "", false},
		{[]string{"Bearer \ta.b.c"}, "", false},
		{[]string{"Bearer  a.b.c  d"}, "", false},
		{[]string{" Bearer a.b.c"}, "", true},
		{[]string{"Bearer\ta.b.c"}, "", true},
		{[]string{"Bearer a.b.c "}, "", false},
		{[]string{"Bearer a.b.c d"}, "", false},
		{[]string{"Bearer a.b.c,Bearer d.e.f"}, "", false},
		{[]string{"Bearer a.b.c", "Bearer a.b.c"}, "", false},
		{[]string{"Basic YTpi", "Bearer a.b.c"}, "", false},
		{[]string{"", "Bearer a.b.c"}, "", false},
	} {
		token, err := auth.BearerToken(http.Header{"Authorization": c.values})
		if token != c.token || (err == nil) != (c.token != "") {
			t.Errorf("%q: got %q, %v", c.values, token, err)
		}
		if errors.Is(err, auth.ErrNoToken) != c.none {
			t.Errorf("%q: got %v, want ErrNoToken: %v", c.values, err, c.none)
		}
		if e, ok := errors.AsType[*auth.Error](err); err != nil && !c.none && (!ok || e.Reason != auth.Malformed) {
			t.Errorf("%q: got %v, want it malformed", c.values, err)
		}
	}
}
