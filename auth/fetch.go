package auth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	fetchTimeout = 5 * time.Second
	maxSet       = 512 << 10 // bytes of a key set
)

// newClient makes a client that follows no redirect: the keys come from the
// configured URL or not at all.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // one request in ten minutes
	t.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Transport:     t,
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get fetches and parses the set. It returns at least one key, and the ids of those
// that are broken, or an error.
func (s *keySet) get() (keys []*key, broken []string, err error) {
	body, err := s.download()
	if err != nil {
		return nil, nil, err
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	// Each key is parsed strictly, by itself: a broken one is to cost no other.
	err = json.Unmarshal(body, &set, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, nil, fmt.Errorf("not a key set: %w", err)
	}
	for i, raw := range set.Keys {
		k, err := parseKey(raw)
		switch {
		case err == nil:
			keys = append(keys, k)
		case errors.Is(err, errOtherUse):
			s.log.Debug("key passed over", "url", s.name, "index", i, "kid", clip(k.id), "err", err)
		default:
			broken = append(broken, k.id)
			s.log.Warn("broken key skipped", "url", s.name, "index", i, "kid", clip(k.id), "err", err)
		}
	}
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("no usable key among %d", len(set.Keys))
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
		// What url.Error adds is the URL, whose query may hold a secret.
		var named *url.Error
		if errors.As(err, &named) {
			err = named.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d, not 200", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxSet {
		return nil, fmt.Errorf("longer than %d bytes", maxSet)
	}
	return body, nil
}
