package authtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// algorithms are all that an [Issuer] signs with, in the order of package auth,
// each with what makes its key. Only HS256 has no key of its own.
var algorithms = []struct {
	name   string
	newKey func(generation int) any // nil for the shared secret
}{
	{"HS256", nil},
	{"EdDSA", ed25519Key},
	{"ES256", ecdsaKey(elliptic.P256())},
	{"ES384", ecdsaKey(elliptic.P384())},
	{"ES512", ecdsaKey(elliptic.P521())},
	{"RS256", rsaKey},
	{"PS256", rsaKey},
}

// Algs are the algorithms that an [Issuer] signs with; KeySetAlgs are those whose
// keys it publishes.
var Algs, KeySetAlgs = algs()

func algs() (all, keySet []string) {
	for _, a := range algorithms {
		all = append(all, a.name)
		if a.newKey != nil {
			keySet = append(keySet, a.name)
		}
	}
	return all, keySet
}

// newKey returns a signing key for an algorithm of the key set.
func newKey(alg string, generation int) any {
	for _, a := range algorithms {
		if a.name == alg {
			return a.newKey(generation)
		}
	}
	panic("authtest: no algorithm " + alg)
}

func ed25519Key(int) any {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return k
}

func ecdsaKey(curve elliptic.Curve) func(int) any {
	return func(int) any {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(err)
		return k
	}
}

var (
	rsaMu   sync.Mutex
	rsaKeys = map[int]*rsa.PrivateKey{}
)

// rsaKey returns one key per generation for all issuers and algorithms of a test
// binary, because generating them is slow.
func rsaKey(generation int) any {
	rsaMu.Lock()
	defer rsaMu.Unlock()
	if rsaKeys[generation] == nil {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		must(err)
		rsaKeys[generation] = k
	}
	return rsaKeys[generation]
}
