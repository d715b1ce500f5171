package auth

import (
	"context"
	"net"
	"net/http"
	"time"
)

// SetDial makes v fetch its key set through dial.
func (v *Verifier) SetDial(dial func(context.Context, string, string) (net.Conn, error)) {
	v.set.client.Transport.(*http.Transport).DialContext = dial
}

// Cached returns the number of tokens in the cache of v.
func (v *Verifier) Cached() int { return len(v.cache.entries) }

// InCache reports whether v accepts token without verifying it again.
func (v *Verifier) InCache(token string) bool {
	_, ok := v.cache.get(hash(token), time.Now())
	return ok
}

// AlgorithmNames returns the names of all algorithms, and of those whose keys come
// from a key set.
func AlgorithmNames() (all, keySet []string) {
	for _, a := range algorithms {
		all = append(all, a.name)
		if !a.secret() {
			keySet = append(keySet, a.name)
		}
	}
	return all, keySet
}

// ParseKey returns the algorithm and material that parseKey finds in a JSON Web Key.
func ParseKey(raw []byte) (alg string, material any, err error) {
	k, err := parseKey(raw)
	return k.alg, k.material, err
}
