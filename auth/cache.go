package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cacheFor is how long a verified token is believed without another look.
const cacheFor = 5 * time.Minute

// digest is the SHA-256 of a whole token, signature included: whoever knows it
// but not the token gains nothing.
type digest [sha256.Size]byte

func hash(token string) digest { return sha256.Sum256([]byte(token)) }

// cache remembers verified tokens. When it is full, an entry chosen at random
// makes room: only genuine tokens get in, so nobody can flush it from outside.
type cache struct {
	size int

	mu      sync.RWMutex
	entries map[digest]entry
}

type entry struct {
	Identity
	key   *key
	until time.Time
}

func newCache(size int) *cache {
	return &cache{size: size, entries: make(map[digest]entry)}
}

func (c *cache) get(d digest, now time.Time) (Identity, bool) {
	c.mu.RLock()
	e, ok := c.entries[d]
	c.mu.RUnlock()
	if !ok || !now.Before(e.until) || !e.key.live(now) {
		return Identity{}, false
	}
	return e.Identity, true
}

// put adds a token that k has verified. The leeway for clocks is not for the
// cache: a token past exp is looked at each time.
func (c *cache) put(d digest, id Identity, k *key, exp, now time.Time) {
	until := now.Add(cacheFor)
	if exp.Before(until) {
		until = exp
	}
	if !now.Before(until) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[d]; !ok && len(c.entries) >= c.size {
		for victim := range c.entries {
			delete(c.entries, victim)
			break
		}
	}
	c.entries[d] = entry{id, k, until}
}
