package auth

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// cacheTTL is how long a verified token is accepted without verifying it again.
const cacheTTL = 5 * time.Minute

// digest is the SHA-256 of a whole token, signature included. The cache holds it
// instead of the token, which cannot be derived from it.
type digest [sha256.Size]byte

func hash(token string) digest { return sha256.Sum256([]byte(token)) }

// cache holds verified tokens. When it is full, an arbitrary entry is evicted. It
// cannot be flushed with forged tokens, since only verified ones are added.
type cache struct {
	size int

	hits, misses atomic.Int64

	mu      sync.RWMutex
	entries map[digest]entry
}

type entry struct {
	Identity
	key     *key
	expires time.Time
}

func newCache(size int) *cache {
	return &cache{size: size, entries: make(map[digest]entry)}
}

func (c *cache) get(d digest, now time.Time) (Identity, bool) {
	c.mu.RLock()
	e, ok := c.entries[d]
	c.mu.RUnlock()
	if !ok || !now.Before(e.expires) || !e.key.valid(now) {
		c.misses.Add(1)
		return Identity{}, false
	}
	c.hits.Add(1)
	return e.Identity, true
}

// add adds a token that k has verified. The cache allows no leeway: a token past
// its exp is verified each time.
func (c *cache) add(d digest, id Identity, k *key, exp, now time.Time) {
	expires := now.Add(cacheTTL)
	if exp.Before(expires) {
		expires = exp
	}
	if !now.Before(expires) {
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
	c.entries[d] = entry{id, k, expires}
}
