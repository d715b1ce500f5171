package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Config says which tokens to trust. A Secret, a JWKSURL or both must be set.
type Config struct {
	// Secret verifies HS256 tokens, which must then satisfy SecretPolicy: at
	// least 32 bytes; nil for none.
	Secret       []byte
	SecretPolicy Policy

	// JWKSURL is where the key set for EdDSA, ES256 and RS256 tokens is, which
	// must then satisfy JWKSPolicy. It must be an https URL, except on a
	// loopback host or with JWKSAllowHTTP.
	JWKSURL       string
	JWKSPolicy    Policy
	JWKSAllowHTTP bool
	// JWKSMaxStale is how long keys are used after the last good fetch: 24 hours
	// if zero.
	JWKSMaxStale time.Duration

	// CacheSize is how many verified tokens are remembered; 0 for none.
	CacheSize int

	// Log is told of fetches and of keys that are no use; nil for nobody.
	Log *slog.Logger
}

// Policy is what the claims of a token must say, besides its times.
type Policy struct {
	Issuer   string // the "iss" claim; not checked if empty
	Audience string // one of the "aud" claim; not checked if empty
	// UserClaim is the claim that holds the user's id, "sub" if empty: the claim
	// of that very name, else a dotted path into objects.
	UserClaim string
}

// Verifier verifies tokens. Its methods are safe for concurrent use.
type Verifier struct {
	sources map[string]keySource // by algorithm
	set     *keySet              // nil without a key set
	cache   *cache               // nil without a cache
}

// keySource is a place where verification keys come from.
type keySource interface {
	// find returns the key that a token with this header must be verified with.
	find(ctx context.Context, h header) (*key, error)
}

// key verifies tokens of one algorithm under one policy.
type key struct {
	id, alg  string
	material any // what golang-jwt takes: []byte, ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey
	rules    *rules
	until    atomic.Int64 // Unix time in nanoseconds; 0 once the issuer has dropped it
}

func (k *key) live(now time.Time) bool { return now.UnixNano() < k.until.Load() }

// New makes a verifier. It fetches nothing yet: call [Verifier.Run] for that.
func New(c Config) (*Verifier, error) {
	if c.Secret == nil && c.JWKSURL == "" {
		return nil, errors.New("auth: neither a secret nor a key set is configured")
	}
	if c.CacheSize < 0 || c.JWKSMaxStale < 0 {
		return nil, errors.New("auth: a cache size or staleness below zero")
	}
	for _, p := range []Policy{c.SecretPolicy, c.JWKSPolicy} {
		if err := CheckUserClaim(p.UserClaim); err != nil {
			return nil, err
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{sources: map[string]keySource{}}
	if c.CacheSize > 0 {
		v.cache = newCache(c.CacheSize)
	}
	if c.Secret != nil {
		s, err := newSecret(c.Secret, c.SecretPolicy)
		if err != nil {
			return nil, err
		}
		v.sources["HS256"] = s
	}
	if c.JWKSURL != "" {
		s, err := newKeySet(c)
		if err != nil {
			return nil, err
		}
		v.set = s
		for _, alg := range setAlgs {
			v.sources[alg] = s
		}
		if c.JWKSPolicy.Audience == "" {
			c.Log.Warn("no audience is configured: tokens that the issuer made for other services are accepted", "url", s.name)
		}
	}
	return v, nil
}

// Run fetches the key set and keeps it fresh until ctx ends. Without a key set
// it returns at once.
func (v *Verifier) Run(ctx context.Context) {
	if v.set != nil {
		v.set.run(ctx)
	}
}

// Ready returns nil when every configured source has a key, else an
// [UnavailableError].
func (v *Verifier) Ready() error {
	if v.set == nil || v.set.anyLive(time.Now()) {
		return nil
	}
	return v.set.unavailable()
}

// Verify returns whom a token in compact form (RFC 7515, section 3.1) speaks
// for. The error is an [Error] for a token that is not to be trusted, or an
// [UnavailableError] if there are no keys to tell.
//
// "exp" is required; "nbf" and "iat" are honoured; clocks may differ by 30
// seconds. Only a token for which there is no key can cause a fetch of the key set.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	var sum digest
	if v.cache != nil && len(token) <= maxToken {
		sum = hash(token)
		if id, ok := v.cache.get(sum, time.Now()); ok {
			return id, nil
		}
	}
	h, err := parse(token)
	if err != nil {
		return Identity{}, &Error{Reason: Malformed, Alg: h.alg, Kid: h.kid, Cause: err}
	}
	k, err := v.key(ctx, h)
	if err != nil {
		return Identity{}, err
	}
	c := claims{userClaim: k.rules.UserClaim}
	if err := k.rules.check(token, k, &c); err != nil {
		return Identity{}, refuse(h, err)
	}
	if v.cache != nil {
		v.cache.put(sum, c.Identity, k, c.exp.Time, time.Now())
	}
	return c.Identity, nil
}

// key returns the key for a token with header h.
func (v *Verifier) key(ctx context.Context, h header) (*key, error) {
	source := v.sources[h.alg]
	if source == nil {
		return nil, unknownKey(h, fmt.Errorf("no keys for algorithm %q", clip(h.alg)))
	}
	k, err := source.find(ctx, h)
	if err != nil {
		return nil, err
	}
	if k.alg != h.alg {
		return nil, unknownKey(h, fmt.Errorf("the key is for %s", k.alg))
	}
	return k, nil
}

func unknownKey(h header, cause error) *Error {
	return &Error{Reason: UnknownKey, Alg: h.alg, Kid: h.kid, Cause: cause}
}
