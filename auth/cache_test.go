package auth_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func TestCacheHitAllocatesThreeTimesAtMost(t *testing.T) {
	iss := authtest.Start(t)
	c := iss.Config()
	c.CacheSize = 10
	v := newVerifier(t, c)
	for _, alg := range authtest.Algs {
		token := iss.Token(alg, nil)
		accepted(t, v, token)
		if n := testing.AllocsPerRun(100, func() { _, _ = v.Verify(t.Context(), token) }); n > 3 {
			t.Errorf("%s: %v allocations", alg, n)
		}
	}
}

func TestCacheHonoursTheExpiryOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := authtest.New(t)
		v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10})
		token := iss.Token("HS256", map[string]any{"exp": time.Now().Unix() + 60})
		accepted(t, v, token)
		time.Sleep(59 * time.Second)
		accepted(t, v, token)
		time.Sleep(31 * time.Second)
		refused(t, v, token, auth.Expired)
	})
}

func TestCacheHoldsOnlyVerifiedTokensUpToItsSize(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10})
	for n := range 100 {
		refused(t, v, forged(iss, "HS256"), auth.BadSignature)
		if n == 0 && v.Cached() != 0 {
			t.Error("a forged token is cached")
		}
		accepted(t, v, iss.Token("HS256", map[string]any{"jti": n}))
		accepted(t, v, iss.Token("HS256", map[string]any{"exp": time.Now().Unix() - 5}))
		if v.Cached() > 10 {
			t.Fatalf("%d tokens are cached", v.Cached())
		}
	}
}

func TestCacheTellsTokensApartByTheirSignature(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10})
	accepted(t, v, iss.Token("HS256", nil))
	refused(t, v, forged(iss, "HS256"), auth.BadSignature)
}

func TestVerifyIsSafeWhileKeysRotate(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		start(t, v)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for n := range 50 {
					want := fmt.Sprintf("user-%d-%d", g, n%7)
					token := iss.Token(authtest.Algs[n%len(authtest.Algs)], map[string]any{"sub": want})
					for range 3 {
						if id, err := v.Verify(t.Context(), token); err == nil && id.UserID != want {
							t.Errorf("got %q, want %q", id.UserID, want)
						}
					}
					time.Sleep(time.Second)
				}
			})
		}
		wg.Go(func() {
			for range 4 {
				time.Sleep(11 * time.Second)
				iss.Rotate()
			}
		})
		wg.Wait()
	})
}
