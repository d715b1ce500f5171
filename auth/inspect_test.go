package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

// failing returns the names of the checks that failed, and that of the last check.
func failing(list []auth.Check) (names []string, last string) {
	for _, c := range list {
		if !c.OK {
			names = append(names, c.Name)
		}
		last = c.Name
	}
	return names, last
}

func TestInspectAgreesWithVerify(t *testing.T) {
	iss := authtest.Start(t)
	v := newVerifier(t, iss.Config())
	for _, alg := range authtest.Algs {
		if bad, last := failing(v.Inspect(t.Context(), iss.Token(alg, nil))); bad != nil || last != "email" {
			t.Errorf("genuine %s token: %v fail, the last is %s", alg, bad, last)
		}
		for _, a := range iss.Attacks(alg) {
			if bad, _ := failing(v.Inspect(t.Context(), a.Token)); bad == nil {
				t.Errorf("%s: %s: nothing fails", alg, a.Name)
			}
		}
	}
}

func TestInspectNamesEveryCheckThatFails(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, SecretPolicy: iss.Policy})
	past, future := time.Now().Unix()-60, time.Now().Unix()+60
	bad, _ := failing(v.Inspect(t.Context(), iss.Token("HS256", map[string]any{
		"exp": past, "nbf": future, "iat": future, "iss": "x", "aud": nil, "sub": -1, "email": nil,
	})))
	if want := "[exp nbf iat iss aud user]"; want != fmt.Sprint(bad) {
		t.Errorf("got %v, want %s", bad, want)
	}
	bad, _ = failing(v.Inspect(t.Context(), iss.Token("HS256", map[string]any{"exp": nil})))
	if want := "[exp]"; want != fmt.Sprint(bad) {
		t.Errorf("got %v, want %s", bad, want)
	}
	for _, c := range v.Inspect(t.Context(), forged(iss, "HS256")) {
		t.Logf("%+v", c)
		if c.OK != (c.Name != "signature") {
			t.Errorf("forged: %+v", c)
		}
	}
	for token, want := range map[string]string{
		"a.b": "form", iss.Sign("HS256", `{"alg":"none"}`, `{}`): "key", iss.Sign("HS256", `{"alg":"HS256"}`, `[]`): "claims",
	} {
		if bad, last := failing(v.Inspect(t.Context(), token)); fmt.Sprint(bad) != "["+want+"]" || last != want {
			t.Errorf("%s: %v fail, the last is %s", want, bad, last)
		}
	}
}
