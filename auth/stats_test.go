package auth_test

import (
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func TestStatsCountTheCache(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10})
	token := iss.Token("HS256", nil)
	for range 3 {
		accepted(t, v, token)
	}
	refused(t, v, forged(iss, "HS256"), auth.BadSignature)
	if got, want := v.Stats(), (auth.Stats{Hits: 2, Misses: 2, Cached: 1, CacheSize: 10}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := newVerifier(t, auth.Config{Secret: iss.Secret}).Stats(); got != (auth.Stats{}) {
		t.Errorf("without cache and key set: %+v", got)
	}
}

func TestStatsTellTheAgeOfAKeySet(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		if got := *v.Stats().KeySet; got != (auth.KeySetStats{}) {
			t.Errorf("before the first fetch: %+v", got)
		}
		fetched := time.Now()
		accepted(t, v, iss.Token("EdDSA", nil))
		time.Sleep(time.Minute)
		iss.SetFault(authtest.Status500)
		iss.Rotate()
		unavailable(t, v, iss.Token("EdDSA", nil))
		got := *v.Stats().KeySet
		if !got.LastSuccess.Equal(fetched) || got.Fetches != 2 || got.Failed != 1 || got.Keys == 0 {
			t.Errorf("%+v, want the time %v", got, fetched)
		}
	})
}
