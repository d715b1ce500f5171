package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
)

// LoadKey reads an Ed25519 private key from a PEM file (PKCS #8, RFC 8410), as
// "openssl genpkey -algorithm ed25519" writes it.
func LoadKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: not a PEM file with a PRIVATE KEY", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	k, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: a %T, not an Ed25519 key", path, parsed)
	}
	return k, nil
}

// EncodeKey returns the PEM that [LoadKey] reads.
func EncodeKey(k ed25519.PrivateKey) ([]byte, error) {
	if len(k) != ed25519.PrivateKeySize {
		return nil, errors.New("auth: not an Ed25519 private key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// PublicJWKS returns a key set (RFC 7517, section 5) that verifies the tokens of
// [SignEdDSA].
func PublicJWKS(public ed25519.PublicKey) ([]byte, error) {
	type key struct {
		Kty string `json:"kty"`
		Crv string `json:"crv"`
		X   string `json:"x"`
		Kid string `json:"kid"`
		Alg string `json:"alg"`
		Use string `json:"use"`
	}
	x := base64.RawURLEncoding.EncodeToString(public)
	return json.Marshal(map[string][]key{
		"keys": {{"OKP", "Ed25519", x, Thumbprint(public), "EdDSA", "sig"}},
	})
}

// Thumbprint returns the key id for a public key: its RFC 7638 thumbprint with
// SHA-256, in base64url (RFC 8037, appendix A.3).
func Thumbprint(public ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(public)
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
