package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func TestMaxTTLRefusesTokensThatAreValidForLonger(t *testing.T) {
	iss := authtest.Start(t)
	c := iss.Config()
	c.MaxTTL, c.CacheSize = time.Hour, 100
	v := newVerifier(t, c)
	c.MaxTTL = 0
	unlimited := newVerifier(t, c)
	now := time.Now().Unix()
	const century = 100 * 365 * 24 * 3600
	for _, alg := range authtest.Algs {
		for name, test := range map[string]struct {
			iat, exp any
			want     auth.Reason // none if accepted
		}{
			"an hour":                                   {now, now + 3600, ""},
			"an hour, issued half an hour ago":          {now - 1800, now + 1800, ""},
			"an hour and a second":                      {now, now + 3601, auth.TooLong},
			"an hour and more, most of it over":         {now - 3600, now + 60, auth.TooLong},
			"a century":                                 {now, now + century, auth.TooLong},
			"longer than a time.Duration can say":       {0, int64(253402300799), auth.TooLong},
			"half an hour, without iat":                 {nil, now + 1800, ""},
			"a century, without iat":                    {nil, now + century, auth.TooLong},
			"expired, and was valid for half a century": {now - century/2, now - 60, auth.Expired},
			"without exp, which is refused as ever":     {now, nil, auth.Malformed},
			"issued in the future, for half an hour":    {now + 1800, now + 3600, auth.NotYetValid},
		} {
			t.Run(alg+" "+name, func(t *testing.T) {
				token := iss.Token(alg, map[string]any{"iat": test.iat, "exp": test.exp})
				for range 2 { // the second time from the cache, if ever
					if test.want == "" {
						accepted(t, v, token)
					} else {
						refused(t, v, token, test.want)
					}
				}
				_, err := unlimited.Verify(t.Context(), token)
				var e *auth.Error
				if errors.As(err, &e) != (test.want != "" && test.want != auth.TooLong) {
					t.Errorf("without a limit: %v", err)
				}
			})
		}
	}
}

// TestMaxTTLHoldsWhileATokenIsCached has a token without iat whose rest is short enough at
// last, and one with iat that never is.
func TestMaxTTLHoldsWhileATokenIsCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := authtest.New(t)
		v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10, MaxTTL: time.Minute})
		exp := time.Now().Unix() + 90
		undated := iss.Token("HS256", map[string]any{"exp": exp, "iat": nil})
		dated := iss.Token("HS256", map[string]any{"exp": exp, "iat": time.Now().Unix()})
		refused(t, v, undated, auth.TooLong)
		refused(t, v, dated, auth.TooLong)
		time.Sleep(30 * time.Second)
		accepted(t, v, undated)
		refused(t, v, dated, auth.TooLong)
		time.Sleep(59 * time.Second)
		accepted(t, v, undated)
		time.Sleep(31 * time.Second)
		refused(t, v, undated, auth.Expired)
	})
}

func TestMaxTTLIsSaidByInspectAndTheLog(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, MaxTTL: 15 * time.Minute})
	now := time.Now().Unix()
	token := iss.Token("HS256", map[string]any{"iat": now, "exp": now + 86400})
	list := v.Inspect(t.Context(), token)
	if bad, _ := failing(list); fmt.Sprint(bad) != "[lifetime]" {
		t.Errorf("%v fail", bad)
	}
	const want = "24h0m0s, at most 15m0s"
	for _, check := range list {
		if check.Name == "lifetime" && check.Detail != want {
			t.Error(check.Detail)
		}
	}
	_, err := v.Verify(t.Context(), token)
	var refused *auth.Error
	if !errors.As(err, &refused) || !strings.Contains(fmt.Sprint(refused.Attrs()), want) {
		t.Errorf("the log does not say why: %v", err)
	}
}
