package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config says which tokens to trust. A Secret, a JWKSURL or both must be set.
type Config struct {
	// Secret verifies HS256 tokens, which must satisfy SecretPolicy. It has at
	// least 32 bytes, or is nil for none.
	Secret       []byte
	SecretPolicy Policy

	// JWKSURL is the URL of the issuer's key set (RFC 7517, section 5). Tokens
	// signed with its keys must satisfy JWKSPolicy. It must be an https URL,
	// except on a loopback host or with JWKSAllowHTTP.
	JWKSURL       string
	JWKSPolicy    Policy
	JWKSAllowHTTP bool
	// JWKSMaxStale is how long keys are used after the last successful fetch; 24
	// hours if zero.
	JWKSMaxStale time.Duration

	// MaxTTL is how long a token may be valid, from its iat to its exp, or from now on where
	// it has no iat; 0 for no limit.
	MaxTTL time.Duration

	// CacheSize is the number of verified tokens to cache; 0 disables the cache.
	CacheSize int

	// Log receives failed fetches, new and dropped keys, and keys that cannot be
	// used; nil discards them.
	Log *slog.Logger
}

// Policy says which claims a token must have, besides those that limit its
// lifetime.
type Policy struct {
	Issuer   string // the "iss" claim; not checked if empty
	Audience string // one of the values of "aud"; not checked if empty
	// UserClaim is the claim that holds the user's id; "sub" if empty. It is the
	// claim of exactly this name or, without one, a dotted path into objects.
	UserClaim string
}

// Verifier verifies tokens. Its methods are safe for concurrent use.
type Verifier struct {
	sources map[string]keySource // by algorithm
	set     *keySet              // nil without a key set
	cache   *cache               // nil without a cache

	secretPolicy, keySetPolicy Policy
}

// keySource is a place where verification keys come from.
type keySource interface {
	// find returns the keys, at least one, of which a token with this header must be
	// signed with one.
	find(ctx context.Context, h header) ([]*key, error)
	// newer returns such keys again, without those that have failed, fetched anew where
	// that may be done.
	newer(ctx context.Context, h header, failed []*key) []*key
}

// key verifies tokens of one algorithm under one policy.
type key struct {
	id, alg  string
	material any // as golang-jwt takes it: []byte, ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey
	rules    *rules
	expires  atomic.Int64 // Unix time in nanoseconds; 0 once the issuer has dropped the key
}

func (k *key) valid(now time.Time) bool { return now.UnixNano() < k.expires.Load() }

// New returns a verifier. It fetches no keys yet; [Verifier.Run] does.
func New(c Config) (*Verifier, error) {
	if c.Secret == nil && c.JWKSURL == "" {
		return nil, errors.New("auth: neither a secret nor a key set is configured")
	}
	if c.CacheSize < 0 || c.JWKSMaxStale < 0 || c.MaxTTL < 0 {
		return nil, errors.New("auth: CacheSize, JWKSMaxStale and MaxTTL must not be negative")
	}
	for _, p := range []Policy{c.SecretPolicy, c.JWKSPolicy} {
		if err := CheckUserClaim(p.UserClaim); err != nil {
			return nil, err
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{sources: map[string]keySource{}, secretPolicy: c.SecretPolicy, keySetPolicy: c.JWKSPolicy}
	if c.CacheSize > 0 {
		v.cache = newCache(c.CacheSize)
	}
	if c.Secret != nil {
		for _, a := range algorithms {
			if !a.secret() {
				continue
			}
			s, err := newSecret(a, c.Secret, newRules(c.SecretPolicy, c.MaxTTL, a))
			if err != nil {
				return nil, err
			}
			v.sources[a.name] = s
		}
	}
	if c.JWKSURL != "" {
		s, err := newKeySet(c)
		if err != nil {
			return nil, err
		}
		v.set = s
		for _, a := range keySetAlgorithms {
			v.sources[a.name] = s
		}
	}
	for _, warning := range c.Warnings() {
		c.Log.Warn(warning)
	}
	return v, nil
}

// Warnings returns what the configuration accepts and probably should not, a sentence each.
func (c Config) Warnings() (list []string) {
	if c.JWKSURL != "" && c.JWKSPolicy.Audience == "" {
		list = append(list, "no audience is configured: tokens that the issuer made for other services are accepted")
	}
	if warning := secretWarning(c.Secret); c.Secret != nil && warning != "" {
		list = append(list, warning)
	}
	if c.Secret != nil && c.SecretPolicy.Issuer == "" && c.SecretPolicy.Audience == "" {
		list = append(list, "no issuer and no audience are configured for HS256: every token that is signed with the secret and has the user claim is accepted, whatever it was made for")
	}
	return list
}

// Fetch fetches the key set once, unless that was just done, and returns why it has no
// key. Without a key set it returns nil.
func (v *Verifier) Fetch(ctx context.Context) error {
	if v.set == nil {
		return nil
	}
	return v.set.refresh(ctx)
}

// Run fetches the key set and keeps it fresh until ctx ends. Without a key set
// it returns at once.
func (v *Verifier) Run(ctx context.Context) {
	if v.set != nil {
		v.set.run(ctx)
	}
}

// Ready returns nil if every configured source has a key, else an
// [UnavailableError].
func (v *Verifier) Ready() error {
	if v.set == nil || v.set.anyValid(time.Now()) {
		return nil
	}
	return v.set.unavailable()
}

// Verify checks a token in compact form (RFC 7515, section 3.1) and returns the
// user that it identifies. The error is an [Error] if the token is refused, or an
// [UnavailableError] if there are no keys to verify it with.
//
// "exp" is required; "nbf" and "iat" are checked if present; clocks may differ by
// 30 seconds. A token that is valid for longer than MaxTTL is refused. A token can cause a fetch of the key set, at most one in 10 seconds: one
// with a key that is not known, or with a signature that does not match the known one.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	var sum digest
	if v.cache != nil && len(token) <= maxTokenBytes {
		sum = hash(token)
		if id, ok := v.cache.get(sum, time.Now()); ok {
			return id, nil
		}
	}
	h, err := parse(token)
	if err != nil {
		return Identity{}, &Error{Reason: Malformed, Alg: h.alg, Kid: h.kid, Cause: err}
	}
	k, c, verdict, err := v.check(ctx, token, h)
	if err != nil {
		return Identity{}, err
	}
	if verdict != nil {
		return Identity{}, newError(h, verdict)
	}
	c.Expires = c.exp.Time
	if v.cache != nil {
		v.cache.add(sum, c.Identity, k, c.exp.Time, time.Now())
	}
	return c.Identity, nil
}

// check verifies a token with header h. It returns the key and the claims, and what is
// wrong with them; err if there is no key to say so.
func (v *Verifier) check(ctx context.Context, token string, h header) (k *key, c *claims, verdict, err error) {
	source := v.sources[h.alg]
	if source == nil {
		return nil, nil, nil, unknownKeyError(h, noSourceError(h.alg))
	}
	keys, err := source.find(ctx, h)
	if err != nil {
		return nil, nil, nil, err
	}
	k, c, verdict = tryKeys(token, keys)
	if !errors.Is(verdict, jwt.ErrTokenSignatureInvalid) {
		return k, c, verdict, nil
	}
	// The issuer may have another key under the same id by now.
	if keys = source.newer(ctx, h, keys); len(keys) > 0 {
		k, c, verdict = tryKeys(token, keys)
	}
	return k, c, verdict, nil
}

// tryKeys returns the first key that the token is signed with, else the last one.
func tryKeys(token string, keys []*key) (k *key, c *claims, verdict error) {
	for _, k = range keys {
		c = &claims{userClaim: k.rules.UserClaim, maxTTL: k.rules.maxTTL}
		if verdict = k.rules.check(token, k, c); !errors.Is(verdict, jwt.ErrTokenSignatureInvalid) {
			break
		}
	}
	return k, c, verdict
}

// noSourceError says why no key can verify tokens of an algorithm.
func noSourceError(alg string) error {
	i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == alg })
	switch {
	case i < 0:
		return fmt.Errorf("the algorithm %q is none of %s", clip(alg), names(algorithms))
	case algorithms[i].secret():
		return fmt.Errorf("no keys for algorithm %q: no secret is configured", alg)
	}
	return fmt.Errorf("no keys for algorithm %q: no key set is configured", alg)
}

func unknownKeyError(h header, cause error) *Error {
	return &Error{Reason: UnknownKey, Alg: h.alg, Kid: h.kid, Cause: cause}
}
