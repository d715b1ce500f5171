package auth

import (
	"context"
	"net"
	"net/http"
	"time"
)

// SetDial makes the fetches of v go through dial.
func (v *Verifier) SetDial(dial func(context.Context, string, string) (net.Conn, error)) {
	v.set.client.Transport.(*http.Transport).DialContext = dial
}

// Cached returns how many tokens v remembers.
func (v *Verifier) Cached() int { return len(v.cache.entries) }

// Remembers reports whether v would accept token without another look.
func (v *Verifier) Remembers(token string) bool {
	_, ok := v.cache.get(hash(token), time.Now())
	return ok
}

// ParseKey returns what parseKey makes of a JSON Web Key.
func ParseKey(raw []byte) (alg string, material any, err error) {
	k, err := parseKey(raw)
	return k.alg, k.material, err
}
