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
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	refreshEvery = 10 * time.Minute
	// fetchEvery is the least time between the beginnings of two fetches,
	// whatever asks for them: the longest that a new key can stay unknown.
	fetchEvery = 10 * time.Second
	// retryEvery is for a failed refresh while there are keys to go on with.
	retryEvery = time.Minute
	maxStale   = 24 * time.Hour
)

// keySet is the keys of an issuer, fetched from a URL (RFC 7517, section 5).
type keySet struct {
	url, name string // name is url without a password and a query
	client    *http.Client
	rules     *rules
	maxStale  time.Duration
	log       *slog.Logger

	keys   atomic.Pointer[[]*key]
	flight singleflight.Group

	mu   sync.Mutex
	last time.Time // the beginning of the last fetch
	err  error     // how it ended
}

func newKeySet(c Config) (*keySet, error) {
	if err := CheckKeySetURL(c.JWKSURL, c.JWKSAllowHTTP); err != nil {
		return nil, err
	}
	if c.JWKSMaxStale == 0 {
		c.JWKSMaxStale = maxStale
	}
	s := &keySet{
		url: c.JWKSURL, name: redacted(c.JWKSURL), client: newClient(), maxStale: c.JWKSMaxStale,
		rules: newRules(c.JWKSPolicy, setAlgs...), log: c.Log,
	}
	s.keys.Store(new([]*key))
	return s, nil
}

// CheckKeySetURL says whether a key set may be fetched from there: an absolute
// https URL, or an http one on a loopback host or with allowHTTP. The error does
// not repeat the URL, which may hold a password.
func CheckKeySetURL(setURL string, allowHTTP bool) error {
	u, err := url.Parse(setURL)
	if err != nil || u.Host == "" {
		return errors.New("auth: the URL of the key set is not an absolute URL")
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

// find implements keySource. A token that names a key id gets that key or none;
// one that does not gets the only key that fits. When none does, the set is
// fetched again, within the limit.
func (s *keySet) find(ctx context.Context, h header) (*key, error) {
	fits := s.fitting(h)
	if len(fits) == 0 {
		err := s.refresh(ctx)
		if fits = s.fitting(h); len(fits) == 0 {
			if ctx.Err() != nil || !s.anyLive(time.Now()) {
				return nil, s.unavailable()
			}
			return nil, unknownKey(h, noSuchKey(err))
		}
	}
	if len(fits) > 1 {
		return nil, unknownKey(h, fmt.Errorf("%d keys fit", len(fits)))
	}
	return fits[0], nil
}

func noSuchKey(fetchErr error) error {
	if fetchErr != nil {
		return fmt.Errorf("no such key among those at hand, and the set cannot be fetched: %w", fetchErr)
	}
	return errors.New("no such key in the set")
}

func (s *keySet) fitting(h header) []*key {
	now := time.Now()
	var fits []*key
	for _, k := range *s.keys.Load() {
		if k.alg == h.alg && (h.kid == "" || k.id == h.kid) && k.live(now) {
			fits = append(fits, k)
		}
	}
	return fits
}

func (s *keySet) anyLive(now time.Time) bool {
	return slices.ContainsFunc(*s.keys.Load(), func(k *key) bool { return k.live(now) })
}

// unavailable says why there is no key, and when the next fetch may be.
func (s *keySet) unavailable() *UnavailableError {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := max(time.Second, time.Until(s.last.Add(fetchEvery)))
	return &UnavailableError{RetryAfter: wait, Cause: s.err}
}

// run keeps the keys fresh until ctx ends.
func (s *keySet) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := refreshEvery
		if s.refresh(ctx) != nil {
			wait = fetchEvery
			if s.anyLive(time.Now()) {
				wait = retryEvery
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// refresh fetches the set, unless that was done less than fetchEvery ago, and
// returns how the last fetch ended. Concurrent calls share one fetch, which
// goes on when the caller that began it gives up.
func (s *keySet) refresh(ctx context.Context) error {
	done := s.flight.DoChan("", func() (any, error) {
		s.mu.Lock()
		err, soon := s.err, time.Since(s.last) < fetchEvery
		if !soon {
			s.last = time.Now()
		}
		s.mu.Unlock()
		if soon {
			return nil, err
		}
		err = s.fetch()
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

// fetch replaces the keys by those that the issuer publishes now. When it
// fails, or finds no key at all, the keys stay.
func (s *keySet) fetch() error {
	found, broken, err := s.get()
	if err != nil {
		s.log.Warn("cannot fetch the key set", "url", s.name, "err", err)
		return err
	}
	old := *s.keys.Load()
	until := time.Now().Add(s.maxStale).UnixNano()
	for i, k := range found {
		// The same key stays the same pointer, for the cache's sake.
		if j := slices.IndexFunc(old, k.same); j >= 0 {
			found[i] = old[j]
		} else {
			k.rules = s.rules
			s.log.Info("new key", "url", s.name, "kid", clip(k.id), "alg", k.alg)
		}
		found[i].until.Store(until)
	}
	for _, k := range old {
		// The issuer publishes it still, only broken: it lives as long as it would.
		if !slices.Contains(found, k) && slices.Contains(broken, k.id) && k.id != "" {
			found = append(found, k)
		}
	}
	s.keys.Store(&found)
	for _, k := range old {
		if !slices.Contains(found, k) {
			k.until.Store(0)
			s.log.Info("key dropped by the issuer", "url", s.name, "kid", clip(k.id), "alg", k.alg)
		}
	}
	return nil
}
