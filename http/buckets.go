package http

import (
	"math"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// buckets limit how often something is done, by key: each key has a token bucket. Of the
// keys the latest are remembered; one that is forgotten begins with a full bucket, as
// most of those have that nobody has used for long.
type buckets[K comparable] struct {
	perSecond float64
	burst     int
	latest    *lru.Cache[K, *rate.Limiter]
}

// newBuckets remembers so many keys, of about 300 bytes each.
func newBuckets[K comparable](perSecond float64, burst, keys int) *buckets[K] {
	latest, err := lru.New[K, *rate.Limiter](keys)
	if err != nil {
		panic(err) // keys is a constant
	}
	return &buckets[K]{perSecond, burst, latest}
}

// take takes a token from a key's bucket and reports whether there was one, and how many
// are left.
func (b *buckets[K]) take(key K) (left float64, ok bool) {
	bucket, found := b.latest.Get(key)
	if !found {
		bucket = rate.NewLimiter(rate.Limit(b.perSecond), b.burst)
		if other, found, _ := b.latest.PeekOrAdd(key, bucket); found {
			bucket = other
		}
	}
	now := time.Now()
	ok = bucket.AllowN(now, 1)
	return max(0, bucket.TokensAt(now)), ok
}

// until returns after how many whole seconds a bucket that has left has so many tokens.
func (b *buckets[K]) until(left, tokens float64) int {
	return max(0, int(math.Ceil((tokens-left)/b.perSecond)))
}
