package auth

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// errOtherUse marks a key that is not for verifying tokens here; key sets may hold
// keys for encryption or for other algorithms.
var errOtherUse = errors.New("not a key for " + names(keySetAlgorithms) + " signatures")

// jwk holds the members of a JSON Web Key (RFC 7517, RFC 7518, RFC 8037) that
// matter here. Certificates (x5c, x5u) are left out, so that jwkset neither trusts
// nor fetches them.
type jwk struct {
	Kty    string         `json:"kty"`
	Use    string         `json:"use"`
	KeyOps []string       `json:"key_ops"`
	Alg    string         `json:"alg"`
	Kid    string         `json:"kid"`
	Crv    string         `json:"crv"`
	X      string         `json:"x"`
	Y      string         `json:"y"`
	N      string         `json:"n"`
	E      string         `json:"e"`
	D      jsontext.Value `json:"d"`
}

// parseKey returns the verification key in a JSON Web Key. The error wraps
// errOtherUse if the key is meant for something else; the key id is returned with
// any error.
func parseKey(raw jsontext.Value) (*key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return &key{}, err
	}
	k := &key{id: j.Kid}
	if !slices.ContainsFunc(keySetAlgorithms, func(a algorithm) bool { return a.kty == j.Kty }) {
		return k, fmt.Errorf("%w: kty %q", errOtherUse, clip(j.Kty))
	}
	if j.Use != "" && j.Use != "sig" {
		return k, fmt.Errorf("%w: use %q", errOtherUse, clip(j.Use))
	}
	if j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify") {
		return k, fmt.Errorf("%w: key_ops without verify", errOtherUse)
	}
	if j.D != nil {
		return k, errors.New("the key set publishes its private key")
	}
	// Before it is parsed: the curves that jwkset does not know are not broken keys either.
	i := slices.IndexFunc(keySetAlgorithms, func(a algorithm) bool { return a.takes(j) })
	if i < 0 {
		return k, fmt.Errorf("%w: kty %q, crv %q, alg %q", errOtherUse, j.Kty, clip(j.Crv), clip(j.Alg))
	}
	parsed, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{
		KTY: jwkset.KTY(j.Kty), CRV: jwkset.CRV(j.Crv), X: j.X, Y: j.Y, N: j.N, E: j.E,
	}, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return k, err
	}
	k.material, k.alg = parsed.Key(), keySetAlgorithms[i].name
	if public, ok := k.material.(*rsa.PublicKey); ok {
		return k, keySetAlgorithms[i].checkBits(public.N.BitLen())
	}
	return k, nil
}

// equal reports whether two keys have the same id, algorithm and material.
func (k *key) equal(other *key) bool { return k.id == other.id && k.sameMaterial(other) }

// sameMaterial reports whether two keys verify the same tokens, whatever their ids.
func (k *key) sameMaterial(other *key) bool {
	public, ok := k.material.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.alg == other.alg && public.Equal(other.material)
}
