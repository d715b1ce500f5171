package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

// start runs v until the test ends and waits until its first fetch ends or blocks.
func start(t *testing.T, v *auth.Verifier) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { v.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		time.Sleep(5 * time.Second) // a fetch outlives its caller
	})
	synctest.Wait()
}

func unavailable(t *testing.T, v *auth.Verifier, token string) {
	t.Helper()
	_, err := v.Verify(t.Context(), token)
	var e *auth.UnavailableError
	if !errors.Is(err, auth.ErrKeysUnavailable) || !errors.As(err, &e) {
		t.Fatalf("got %v, want ErrKeysUnavailable", err)
	}
	if e.RetryAfter < time.Second || e.RetryAfter > 10*time.Second {
		t.Errorf("retry after %v", e.RetryAfter)
	}
}

// inBubble runs f in a synctest bubble with an issuer and a verifier of its key set.
func inBubble(t *testing.T, f func(*testing.T, *authtest.Issuer, *auth.Verifier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		iss := authtest.New(t)
		c := iss.Config()
		c.CacheSize = 100
		f(t, iss, verifierOf(t, iss, c))
	})
}

func TestVerifyIsUnavailableUntilAKeyIsFetched(t *testing.T) {
	for _, fault := range authtest.Faults {
		t.Run(string(fault), func(t *testing.T) {
			inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
				iss.SetFault(fault)
				start(t, v)
				for began := time.Now(); time.Since(began) < time.Minute; {
					unavailable(t, v, iss.Token("EdDSA", nil))
					time.Sleep(100 * time.Millisecond)
				}
				n := iss.Fetches()
				t.Logf("%d fetches in a minute of requests", n)
				if n < 5 || n > 7 {
					t.Errorf("%d fetches in a minute", n)
				}
				if err := v.Ready(); !errors.Is(err, auth.ErrKeysUnavailable) {
					t.Errorf("Ready: %v", err)
				}
				accepted(t, v, iss.Token("HS256", nil))
				refused(t, v, iss.Sign("HS256", `{"alg":"none"}`, `{}`), auth.UnknownKey)

				iss.SetFault(authtest.None)
				time.Sleep(16 * time.Second)
				if err := v.Ready(); err != nil {
					t.Errorf("the issuer is back: %v", err)
				}
				accepted(t, v, iss.Token("EdDSA", nil))
			})
		})
	}
}

func TestKeySetKeepsItsKeysDuringFaultsOfTheIssuer(t *testing.T) {
	for _, fault := range append(authtest.Faults, authtest.Flapping, authtest.OneBroken, authtest.RSAOnly) {
		t.Run(string(fault), func(t *testing.T) {
			inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
				start(t, v)
				iss.SetFault(fault)
				before := iss.Fetches()
				tokens := map[string]string{}
				for _, alg := range authtest.Algs {
					tokens[alg] = iss.Token(alg, map[string]any{"exp": time.Now().Unix() + 7200})
				}
				for range 60 {
					time.Sleep(time.Minute)
					for _, token := range tokens {
						accepted(t, v, token)
					}
				}
				t.Logf("%d fetches in an hour of valid tokens", iss.Fetches()-before)
			})
		})
	}
}

func TestKeySetSkipsABrokenKey(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		iss.SetFault(authtest.OneBroken)
		start(t, v)
		for _, alg := range authtest.Algs {
			accepted(t, v, iss.Token(alg, nil))
		}
	})
}

func TestKeySetIsFetchedEveryTenMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		start(t, v)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := iss.Fetches(); n != 7 {
			t.Errorf("%d fetches in an hour, want 7", n)
		}
	})
}

func TestKeySetExpiresADayAfterItsLastFetch(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		start(t, v)
		token := iss.Token("EdDSA", map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()})
		iss.SetFault(authtest.Down)
		time.Sleep(24*time.Hour - time.Second)
		accepted(t, v, token)
		accepted(t, v, token)
		if v.Cached() == 0 {
			t.Fatal("the token is not cached")
		}
		time.Sleep(time.Second)
		unavailable(t, v, token)
		if v.Ready() == nil {
			t.Error("still ready")
		}
	})
}

func TestKeySetFollowsARotationAtOnce(t *testing.T) {
	for _, alg := range authtest.KeySetAlgs {
		inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
			start(t, v)
			old := iss.Token(alg, nil)
			accepted(t, v, old)
			time.Sleep(10 * time.Second)
			iss.Rotate()
			accepted(t, v, old)
			accepted(t, v, iss.Token(alg, nil))
			refused(t, v, old, auth.UnknownKey)
			if n := iss.Fetches(); n != 2 {
				t.Errorf("%d fetches, want 2", n)
			}
		})
	}
}

func TestCacheKeepsTheTokensOfAnUnchangedKey(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		token := iss.Token("ES256", nil)
		accepted(t, v, token)
		time.Sleep(10 * time.Second)
		refused(t, v, junk(0), auth.UnknownKey)
		if n := iss.Fetches(); n != 2 {
			t.Fatalf("%d fetches, want 2", n)
		}
		if !v.InCache(token) {
			t.Error("the token is not cached any more")
		}
	})
}

func TestKeySetForgetsTheOldKidOfARenamedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := authtest.New(t)
		name := "a"
		v := verifierOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"keys":[{%s,"kid":%q}]}`, jwkMembers(iss, "EdDSA"), name)
		}), auth.Config{CacheSize: 10})
		token := func(kid string) string {
			return iss.Sign("EdDSA", `{"alg":"EdDSA","kid":"`+kid+`"}`, `{"sub":"u","exp":9999999999}`)
		}
		accepted(t, v, token("a"))
		name = "b"
		time.Sleep(10 * time.Second)
		accepted(t, v, token("b"))
		refused(t, v, token("a"), auth.UnknownKey)
	})
}

func TestKeySetTakesANewKeyUnderAnOldKid(t *testing.T) {
	for _, c := range []struct{ before, after string }{{"EdDSA", "EdDSA"}, {"ES256", "ES256"}, {"EdDSA", "ES384"}} {
		synctest.Test(t, func(t *testing.T) {
			iss := authtest.New(t)
			alg := c.before
			v := verifierOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"keys":[{%s,"kid":"main"}]}`, jwkMembers(iss, alg))
			}), auth.Config{CacheSize: 10})
			token := func() string {
				return iss.Sign(alg, `{"alg":"`+alg+`","kid":"main"}`, `{"sub":"u","exp":9999999999}`)
			}
			old := token()
			accepted(t, v, old)
			iss.Rotate()
			alg = c.after
			if _, err := v.Verify(t.Context(), token()); err == nil {
				t.Error("accepted without a fetch")
			}
			time.Sleep(10 * time.Second)
			accepted(t, v, token())
			if v.InCache(old) {
				t.Error("a token of the key before is still in the cache")
			}
			if _, err := v.Verify(t.Context(), old); err == nil {
				t.Error("a token of the key before is accepted")
			}
		})
	}
}

func TestVerifyIsUnavailableForAnUnknownKidWhileAFetchIsHeldBack(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		start(t, v)
		time.Sleep(time.Second)
		iss.Rotate()
		token := iss.Token("ES256", nil)
		_, err := v.Verify(t.Context(), token)
		var e *auth.UnavailableError
		if !errors.As(err, &e) || e.RetryAfter != 9*time.Second || !strings.Contains(err.Error(), iss.Key("ES256").ID) {
			t.Fatalf("got %v, %+v", err, e)
		}
		time.Sleep(e.RetryAfter)
		accepted(t, v, token)

		time.Sleep(10 * time.Second)
		refused(t, v, junk(0), auth.UnknownKey) // after a fetch of its own
		time.Sleep(time.Second)
		unavailable(t, v, junk(1))
		refused(t, v, iss.Sign("HS256", `{"alg":"ES256","kid":"`+iss.Key("EdDSA").ID+`"}`, `{}`), auth.UnknownKey) // the kid is known
		iss.SetFault(authtest.Down)
		time.Sleep(10 * time.Second)
		unavailable(t, v, junk(2))
		accepted(t, v, token)
	})
}

func junk(n int) string {
	return b64(fmt.Appendf(nil, `{"alg":"EdDSA","kid":"junk-%d"}`, n)) + ".e30.AA"
}

func TestKeySetIsFetchedOncePerTenSecondsForUnknownKids(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		start(t, v)
		before := iss.Fetches()
		var slowest time.Duration
		var rotated time.Time
		waiting, genuine, held := false, "", 0
		const seconds = 30
		for n := range seconds * 1000 {
			began := time.Now()
			var e *auth.UnavailableError
			if _, err := v.Verify(t.Context(), junk(n)); errors.As(err, &e) {
				held++
			} else if !errors.As(err, new(*auth.Error)) {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			slowest = max(slowest, time.Since(began))
			if n%7000 == 3500 {
				iss.Rotate()
				rotated, waiting, genuine = time.Now(), true, iss.Token("EdDSA", nil)
			}
			if !waiting {
				continue
			}
			if _, err := v.Verify(t.Context(), genuine); err == nil {
				waiting = false
			} else if time.Since(rotated) > 10*time.Second {
				t.Fatalf("a new key is unknown for %v", time.Since(rotated))
			}
		}
		n := iss.Fetches() - before
		t.Logf("%d junk kids a second for %d s: %d fetches, slowest reply %v", 1000, seconds, n, slowest)
		if n > seconds/10 || held < seconds*1000-seconds {
			t.Errorf("%d fetches, %d replies that more may be known later", n, held)
		}
	})
}

func TestKeySetIsFetchedOnceForConcurrentRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		token := iss.Token("RS256", nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { accepted(t, v, token) })
		}
		wg.Wait()
		if n := iss.Fetches(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestVerifyWaitsFiveSecondsAtMostForASlowIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		iss.SetFault(authtest.Slow)
		began := time.Now()
		unavailable(t, v, iss.Token("EdDSA", nil))
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("waited for %v", d)
		}
		began = time.Now()
		unavailable(t, v, iss.Token("EdDSA", nil))
		if d := time.Since(began); d != 0 {
			t.Errorf("waited for %v within the fetch interval", d)
		}
	})
}

func TestKeySetFetchOutlivesACancelledRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
		iss.SetFault(authtest.Slow)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := v.Verify(ctx, iss.Token("EdDSA", nil)); !errors.Is(err, auth.ErrKeysUnavailable) {
			t.Errorf("got %v", err)
		}
		if d := time.Since(began); d != time.Second {
			t.Errorf("gave up after %v", d)
		}
		unavailable(t, v, iss.Token("EdDSA", nil))
		if d, n := time.Since(began), iss.Fetches(); d != 5*time.Second || n != 1 {
			t.Errorf("%v, %d fetches", d, n)
		}
	})
}

func TestKeySetIsFetchedOncePerTenSecondsForWrongSignatures(t *testing.T) {
	for _, fault := range []authtest.Fault{authtest.None, authtest.Down} {
		inBubble(t, func(t *testing.T, iss *authtest.Issuer, v *auth.Verifier) {
			start(t, v)
			iss.SetFault(fault)
			for range 1000 {
				time.Sleep(100 * time.Millisecond)
				refused(t, v, forged(iss, "ES256"), auth.BadSignature)
			}
			if n := iss.Fetches(); n < 10 || n > 11 {
				t.Errorf("%d fetches in 100 seconds", n)
			}
			accepted(t, v, iss.Token("ES256", nil))
		})
	}
}
