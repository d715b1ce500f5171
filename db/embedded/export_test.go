package embedded

import "testing"

// HideServers makes this machine's servers, and former downloads, unknown for
// one test. What PATH names is the test's own business.
func HideServers(t *testing.T, cache string) {
	places, roots := usualPlaces, rootsCache
	t.Cleanup(func() { usualPlaces, rootsCache = places, roots })
	usualPlaces, rootsCache = nil, cache
	t.Setenv("HOME", cache)
	t.Setenv("XDG_CACHE_HOME", cache)
}
