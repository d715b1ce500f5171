package auth

import "time"

// Stats are what a verifier has, and what it has done since it was made.
type Stats struct {
	// Hits are the tokens that were accepted without verifying them again, and Misses all
	// others; without a cache there are neither.
	Hits, Misses int64
	// Cached is how many tokens the cache has, and CacheSize how many it may have.
	Cached, CacheSize int
	// KeySet is nil where no key set is configured.
	KeySet *KeySetStats
}

// KeySetStats are those of a key set.
type KeySetStats struct {
	Keys            int // that are valid
	Fetches, Failed int64
	LastSuccess     time.Time // the zero time before the first
}

// Stats may be called at any time.
func (v *Verifier) Stats() Stats {
	var s Stats
	if c := v.cache; c != nil {
		c.mu.RLock()
		s.Cached = len(c.entries)
		c.mu.RUnlock()
		s.CacheSize, s.Hits, s.Misses = c.size, c.hits.Load(), c.misses.Load()
	}
	if v.set != nil {
		s.KeySet = v.set.stats()
	}
	return s
}

func (s *keySet) stats() *KeySetStats {
	found := &KeySetStats{Fetches: s.fetches.Load(), Failed: s.failed.Load()}
	if at := s.succeeded.Load(); at != 0 {
		found.LastSuccess = time.Unix(0, at)
	}
	now := time.Now()
	for _, k := range *s.keys.Load() {
		if k.valid(now) {
			found.Keys++
		}
	}
	return found
}

// count counts a fetch that ended.
func (s *keySet) count(err error) {
	s.fetches.Add(1)
	if err != nil {
		s.failed.Add(1)
		return
	}
	s.succeeded.Store(time.Now().UnixNano())
}
