package auth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	fetchTimeout   = 5 * time.Second
	maxKeySetBytes = 512 << 10
)

// errNoUsableKey is a key set that was fetched, with no key to verify with.
var errNoUsableKey = errors.New("the key set has no usable key")

// newClient returns a client that follows no redirects: keys must come from the
// configured URL.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // requests are minutes apart
	t.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Transport:     t,
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch downloads and parses the set. It returns at least one key and the ids of
// the broken ones, or an error.
func (s *keySet) fetch() (keys []*key, broken []string, err error) {
	body, err := s.download()
	if err != nil {
		return nil, nil, err
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	// Lenient here, because each key is parsed strictly by itself, so that a broken
	// one does not affect the others.
	err = json.Unmarshal(body, &set, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, nil, fmt.Errorf("not a key set: %w", err)
	}
	var unusable []string
	for i, raw := range set.Keys {
		k, err := parseKey(raw)
		if err != nil {
			unusable = append(unusable, fmt.Sprintf("kid %q: %s", clip(k.id), strings.TrimPrefix(err.Error(), errOtherUse.Error()+": ")))
		}
		switch {
		case err == nil:
			// A key that is listed twice is one.
			if !slices.ContainsFunc(keys, k.equal) {
				keys = append(keys, k)
			}
		case errors.Is(err, errOtherUse):
			s.log.Debug("key ignored", "url", s.logURL, "index", i, "kid", clip(k.id), "error", err.Error())
		default:
			broken = append(broken, k.id)
			s.log.Warn("broken key skipped", "url", s.logURL, "index", i, "kid", clip(k.id), "error", err.Error())
		}
	}
	if len(set.Keys) == 0 {
		return nil, nil, fmt.Errorf("%w: it has none at all", errNoUsableKey)
	}
	if len(keys) == 0 {
		const shown = 3
		return nil, nil, fmt.Errorf("%w for %s among its %d: %s", errNoUsableKey, names(keySetAlgorithms), len(set.Keys),
			strings.Join(unusable[:min(shown, len(unusable))], "; "))
	}
	return keys, broken, nil
}

func (s *keySet) download() ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		// url.Error adds the URL, whose query may hold a secret.
		var urlErr *url.Error
		if errors.As(err, &urlErr) {
			err = urlErr.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d, not 200", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySetBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySetBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxKeySetBytes)
	}
	return body, nil
}
