package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// setAlgs are the algorithms that a key of a key set can be for.
var setAlgs = []string{"EdDSA", "ES256", "RS256"}

// errOtherUse marks a key that is sound but not for verifying tokens here; key
// sets have them, for encryption or for other algorithms.
var errOtherUse = errors.New("not a key for EdDSA, ES256 or RS256 signatures")

// jwk holds the members of a JSON Web Key (RFC 7517, RFC 7518, RFC 8037) that
// matter here. Certificates (x5c, x5u) are left out: they are not to be trusted
// or fetched, and jwkset would look into them.
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

// parseKey makes a verification key of a JSON Web Key. The error wraps
// errOtherUse when the key is meant for something else.
func parseKey(raw jsontext.Value) (*key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return &key{}, err
	}
	k := &key{id: j.Kid}
	if !slices.Contains([]string{"OKP", "EC", "RSA"}, j.Kty) {
		return k, fmt.Errorf("%w: kty %q", errOtherUse, clip(j.Kty))
	}
	if j.Use != "" && j.Use != "sig" {
		return k, fmt.Errorf("%w: use %q", errOtherUse, clip(j.Use))
	}
	if j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify") {
		return k, fmt.Errorf("%w: key_ops without verify", errOtherUse)
	}
	if j.D != nil {
		return k, errors.New("the private key is published with it")
	}
	parsed, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{
		KTY: jwkset.KTY(j.Kty), CRV: jwkset.CRV(j.Crv), X: j.X, Y: j.Y, N: j.N, E: j.E,
	}, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return k, err
	}
	k.material = parsed.Key()
	if k.alg, err = algorithm(k.material); err != nil {
		return k, err
	}
	ed25519Alias := k.alg == "EdDSA" && j.Alg == "Ed25519" // RFC 9864
	if j.Alg != "" && j.Alg != k.alg && !ed25519Alias {
		return k, fmt.Errorf("%w: alg %q", errOtherUse, clip(j.Alg))
	}
	return k, nil
}

// algorithm returns the one algorithm that a public key is for.
func algorithm(public any) (string, error) {
	switch p := public.(type) {
	case ed25519.PublicKey:
		return "EdDSA", nil
	case *ecdsa.PublicKey:
		if p.Curve == elliptic.P256() {
			return "ES256", nil
		}
	case *rsa.PublicKey:
		// Longer than 8192 bits costs milliseconds a token.
		if bits := p.N.BitLen(); bits < 2048 || bits > 8192 {
			return "", fmt.Errorf("an RSA key of %d bits, not 2048 to 8192", bits)
		}
		return "RS256", nil
	}
	return "", fmt.Errorf("%w: %T", errOtherUse, public)
}

// same reports whether two keys are one.
func (k *key) same(other *key) bool {
	public, ok := k.material.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.id == other.id && public.Equal(other.material)
}
