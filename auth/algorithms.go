package auth

import (
	"fmt"
	"slices"
	"strings"
)

// algorithm is a signature algorithm of tokens (RFC 7518, section 3) and the keys
// that it takes.
type algorithm struct {
	name string // "alg" of a token and of a JSON Web Key
	// kty and crv are the members of a JSON Web Key for it (RFC 7518, section 6;
	// RFC 8037). A kty without curves has an empty crv; "oct" is the shared secret,
	// which never comes from a key set.
	kty, crv string
	// minBits and maxBits bound a secret or an RSA modulus; 0 for no bound.
	minBits, maxBits int
	aliases          []string // further values of "alg" in a JSON Web Key
}

// algorithms are all that a Verifier accepts. To add one, add its row here and its
// key to authtest. Of several with keys of one type, the first is that of a key
// that names none.
var algorithms = []algorithm{
	{name: "HS256", kty: "oct", minBits: 256},                                 // as long as the hash (RFC 7518, section 3.2)
	{name: "EdDSA", kty: "OKP", crv: "Ed25519", aliases: []string{"Ed25519"}}, // RFC 9864
	{name: "ES256", kty: "EC", crv: "P-256"},
	{name: "ES384", kty: "EC", crv: "P-384"},
	{name: "ES512", kty: "EC", crv: "P-521"},
	{name: "RS256", kty: "RSA", minBits: 2048, maxBits: 8192}, // longer ones cost milliseconds per token
	{name: "PS256", kty: "RSA", minBits: 2048, maxBits: 8192},
}

// keySetAlgorithms are those whose keys come from a key set.
var keySetAlgorithms = slices.DeleteFunc(slices.Clone(algorithms), algorithm.secret)

// KeySetAlgorithms are the names of the algorithms whose keys come from a key set.
func KeySetAlgorithms() []string {
	var list []string
	for _, a := range keySetAlgorithms {
		list = append(list, a.name)
	}
	return list
}

// secret reports whether the shared secret is the key of a.
func (a algorithm) secret() bool { return a.kty == "oct" }

// takes reports whether a JSON Web Key is one for a.
func (a algorithm) takes(j jwk) bool {
	return a.kty == j.Kty && (a.crv == "" || a.crv == j.Crv) &&
		(j.Alg == "" || j.Alg == a.name || slices.Contains(a.aliases, j.Alg))
}

// checkBits returns an error if a key has too few or too many bits.
func (a algorithm) checkBits(bits int) error {
	switch {
	case bits < a.minBits:
		return fmt.Errorf("%d bits, %s needs at least %d", bits, a.name, a.minBits)
	case a.maxBits != 0 && bits > a.maxBits:
		return fmt.Errorf("%d bits, %s takes at most %d", bits, a.name, a.maxBits)
	}
	return nil
}

// algorithmNamed returns the row of an algorithm that is in the table.
func algorithmNamed(name string) algorithm {
	return algorithms[slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })]
}

// names lists algorithms as prose does: "EdDSA, ES256 or RS256".
func names(list []algorithm) string {
	var b strings.Builder
	for i, a := range list {
		switch {
		case i > 0 && i == len(list)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(a.name)
	}
	return b.String()
}
