package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	refreshInterval = 10 * time.Minute
	// minFetchInterval is the least time between the starts of two fetches, whatever
	// triggers them, and so the longest that a new key can stay unknown.
	minFetchInterval = 10 * time.Second
	// retryInterval follows a failed fetch while there are valid keys.
	retryInterval   = time.Minute
	defaultMaxStale = 24 * time.Hour
)

// keySet is the keys of an issuer, fetched from a URL (RFC 7517, section 5).
type keySet struct {
	url      string
	logURL   string // url without its password and query
	client   *http.Client
	rules    *rules
	maxStale time.Duration
	log      *slog.Logger

	keys   atomic.Pointer[[]*key]
	flight singleflight.Group

	fetches, failed, succeeded atomic.Int64 // the last is a time; see stats

	mu   sync.Mutex
	last time.Time // start of the last fetch
	err  error     // its result
}

func newKeySet(c Config) (*keySet, error) {
	if err := CheckKeySetURL(c.JWKSURL, c.JWKSAllowHTTP); err != nil {
		return nil, err
	}
	if c.JWKSMaxStale == 0 {
		c.JWKSMaxStale = defaultMaxStale
	}
	s := &keySet{
		url: c.JWKSURL, logURL: redacted(c.JWKSURL), client: newClient(), maxStale: c.JWKSMaxStale,
		rules: newRules(c.JWKSPolicy, c.MaxTTL, keySetAlgorithms...), log: c.Log,
	}
	s.keys.Store(new([]*key))
	return s, nil
}

// CheckKeySetURL returns an error unless setURL is an absolute https URL, or an
// http URL of a loopback host or with allowHTTP. The error does not contain the
// URL, which may hold a password.
func CheckKeySetURL(setURL string, allowHTTP bool) error {
	// A password that ends too early would be in the name of the host, or behind it,
	// which messages show.
	_, rest, _ := strings.Cut(setURL, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 && strings.Contains(rest[i:], "@") {
		return fmt.Errorf("auth: the URL of the key set has %q before an @: in a password write it %%%02X, and an @ behind the host %%40", rest[i], rest[i])
	}
	u, err := url.Parse(setURL)
	switch {
	case err != nil && strings.Contains(rest, "@"):
		return errors.New("auth: the URL of the key set cannot be read: is there a character in its password that is not escaped, such as % (%25) or a space (%20)?")
	case err != nil || u.Host == "":
		return errors.New("auth: the URL of the key set is not an absolute URL")
	case u.Fragment != "":
		return errors.New("auth: the URL of the key set has a #, and what follows it is never sent: leave it out, or write %23")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP && !loopback(u.Hostname())) {
		return errors.New("auth: the URL of the key set is not https")
	}
	return nil
}

func redacted(setURL string) string {
	u, err := url.Parse(setURL)
	if err != nil {
		return ""
	}
	u.RawQuery = ""
	return u.Redacted()
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// find implements keySource. A token with a kid needs a key of that id; one without
// needs the set to have exactly one key for its algorithm. If no key matches, the set
// is fetched again, unless it was just fetched. A key that is not known is refused only
// after a fetch that began later than the request: it may be as new as the token.
func (s *keySet) find(ctx context.Context, h header) ([]*key, error) {
	began := time.Now()
	keys := s.matching(h)
	if len(keys) == 0 {
		s.refresh(ctx)
		if keys = s.matching(h); len(keys) == 0 {
			if ctx.Err() != nil || !s.anyValid(time.Now()) {
				return nil, s.unavailable()
			}
			if !s.knows(h.kid) && !s.fetchedSince(began) {
				return nil, s.unknownYet(h)
			}
			return nil, unknownKeyError(h, s.noMatchError(h))
		}
	}
	if h.kid == "" && slices.ContainsFunc(keys, func(k *key) bool { return !k.sameMaterial(keys[0]) }) {
		return nil, unknownKeyError(h, fmt.Errorf("the token has no kid, and %d keys of the set are for %s", len(keys), h.alg))
	}
	return keys, nil
}

// newer implements keySource.
func (s *keySet) newer(ctx context.Context, h header, failed []*key) []*key {
	s.refresh(ctx)
	return slices.DeleteFunc(s.matching(h), func(k *key) bool { return slices.Contains(failed, k) })
}

// noMatchError says what kinds of keys the set has where the token's is not among them.
func (s *keySet) noMatchError(h header) error {
	var has []algorithm
	for _, a := range keySetAlgorithms {
		if slices.ContainsFunc(*s.keys.Load(), func(k *key) bool { return k.alg == a.name }) {
			has = append(has, a)
		}
	}
	if slices.ContainsFunc(has, func(a algorithm) bool { return a.name == h.alg }) {
		return errors.New("no such key in the set")
	}
	return fmt.Errorf("no key in the set for %s, only for %s", h.alg, names(has))
}

// knows reports whether the set has a valid key of that id, for whatever algorithm.
func (s *keySet) knows(kid string) bool {
	now := time.Now()
	return kid != "" && slices.ContainsFunc(*s.keys.Load(), func(k *key) bool { return k.id == kid && k.valid(now) })
}

// fetchedSince reports whether the last fetch has succeeded and did not begin before t.
func (s *keySet) fetchedSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == nil && !s.last.Before(t)
}

// unknownYet is the error for a key that may be in the set by now.
func (s *keySet) unknownYet(h header) error {
	e := s.unavailable()
	if e.Cause == nil {
		e.Cause = fmt.Errorf("%w: %q is not in the set as it was last fetched, which is at most every %s", ErrKeyUnknownYet, clip(h.kid), minFetchInterval)
	} else {
		e.Cause = fmt.Errorf("%w: %q is not in the set as it was last fetched, and it cannot be fetched now: %w", ErrKeyUnknownYet, clip(h.kid), e.Cause)
	}
	return e
}

// matching returns the valid keys that a token with header h may be signed with.
func (s *keySet) matching(h header) []*key {
	now := time.Now()
	var keys []*key
	for _, k := range *s.keys.Load() {
		if k.alg == h.alg && (h.kid == "" || k.id == h.kid) && k.valid(now) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (s *keySet) anyValid(now time.Time) bool {
	return slices.ContainsFunc(*s.keys.Load(), func(k *key) bool { return k.valid(now) })
}

// unavailable returns why there is no key, and the time until the next fetch.
func (s *keySet) unavailable() *UnavailableError {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := max(time.Second, time.Until(s.last.Add(minFetchInterval)))
	return &UnavailableError{RetryAfter: wait, Cause: s.err}
}

// run keeps the keys fresh until ctx ends.
func (s *keySet) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := refreshInterval
		if s.refresh(ctx) != nil {
			wait = minFetchInterval
			if s.anyValid(time.Now()) {
				wait = retryInterval
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// refresh fetches the set, unless the last fetch started less than
// minFetchInterval ago, and returns the error of the last fetch. Concurrent calls
// share one fetch, which outlives the context of the caller that started it.
func (s *keySet) refresh(ctx context.Context) error {
	done := s.flight.DoChan("", func() (any, error) {
		s.mu.Lock()
		err, soon := s.err, time.Since(s.last) < minFetchInterval
		if !soon {
			s.last = time.Now()
		}
		s.mu.Unlock()
		if soon {
			return nil, err
		}
		err = s.update()
		s.count(err)
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		return nil, err
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// update replaces the keys by those that the issuer publishes now. If they cannot
// be fetched, or none can be used, the keys stay.
func (s *keySet) update() error {
	found, broken, err := s.fetch()
	if errors.Is(err, errNoUsableKey) {
		s.log.Warn("no key of the key set can be used", "url", s.logURL, "error", err.Error())
		return err
	}
	if err != nil {
		s.log.Warn("cannot fetch the key set", "url", s.logURL, "error", err.Error())
		return err
	}
	old := *s.keys.Load()
	expires := time.Now().Add(s.maxStale).UnixNano()
	for i, k := range found {
		// An unchanged key keeps its pointer, so that its cached tokens stay valid.
		if j := slices.IndexFunc(old, k.equal); j >= 0 {
			found[i] = old[j]
		} else {
			k.rules = s.rules
			s.log.Info("new key", "url", s.logURL, "kid", clip(k.id), "alg", k.alg)
		}
		found[i].expires.Store(expires)
	}
	for _, k := range old {
		// The issuer still publishes this key, but broken: it keeps its expiry.
		if !slices.Contains(found, k) && slices.Contains(broken, k.id) && k.id != "" {
			found = append(found, k)
		}
	}
	s.keys.Store(&found)
	for _, k := range old {
		if !slices.Contains(found, k) {
			k.expires.Store(0)
			s.log.Info("key dropped by the issuer", "url", s.logURL, "kid", clip(k.id), "alg", k.alg)
		}
	}
	return nil
}
