package http

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"sync"

	"github.com/securetodo/securetodo/auth"
)

const (
	// maxLimitedNetworks is how many addresses are remembered.
	maxLimitedNetworks = 10_000
	// failureBurst is how many seconds' worth of failures an address has at once: those
	// behind one address (NAT) may all come back with an expired token.
	failureBurst = 10
)

var errFailureRate = &clientError{http.StatusTooManyRequests, "rate-limited", "too many requests from this address came without a valid token; wait as long as Retry-After says, and send a valid one"}

// failureLimit limits the 401s that each address gets in this process.
type failureLimit struct {
	buckets *buckets[netip.Prefix]
	proxies proxies
	warn    sync.Once
	log     *slog.Logger
}

// newFailureLimit returns nil, which limits nothing, for 0 failures a second.
func newFailureLimit(perSecond float64, proxies proxies, log *slog.Logger) *failureLimit {
	if perSecond == 0 {
		return nil
	}
	burst := max(1, int(math.Ceil(failureBurst*perSecond)))
	return &failureLimit{buckets: newBuckets[netip.Prefix](perSecond, burst, maxLimitedNetworks), proxies: proxies, log: log}
}

// count returns what becomes of a request that failed authentication. Tokens are verified
// whatever the limit: a good one is served even where everybody else behind its address
// (NAT, a proxy) sends bad ones. A 401 too many is a 429, which is logged as sparingly.
func (l *failureLimit) count(r *http.Request, err error) error {
	_, refused := errors.AsType[*auth.Error](err)
	if l == nil || !refused && !errors.Is(err, auth.ErrNoToken) {
		return err
	}
	client := l.proxies.clientOf(r)
	left, ok := l.buckets.take(networkOf(client))
	if ok {
		return err
	}
	if r.Header["X-Forwarded-For"] != nil {
		if peer, _ := parseHop(r.RemoteAddr); !l.proxies.trust(peer) {
			l.warn.Do(func() {
				l.log.Warn("too many requests from one address fail authentication, and it names others in X-Forwarded-For: if it is a proxy, set TRUSTED_PROXIES, so that its clients are told apart", "address", peer.String())
			})
		}
	}
	return &limitedError{errFailureRate, max(1, l.buckets.until(left, 1)), problemOf(err).Detail}
}
