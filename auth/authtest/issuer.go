// Package authtest is an issuer for tests: it signs tokens of every algorithm,
// serves a key set that rotates and breaks down, and forges tokens that nobody
// must accept.
package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/securetodo/securetodo/auth"
)

// Algs are the algorithms an [Issuer] signs with.
var Algs = []string{"HS256", "EdDSA", "ES256", "RS256"}

// User is whom the tokens of an [Issuer] speak for.
var User = auth.Identity{UserID: "user_2Yk3", Email: "ann@example.com"}

// Issuer signs tokens and, as an [http.Handler], serves the keys for them at
// any path. It is safe for concurrent use.
type Issuer struct {
	URL    string // of the key set; empty without a server
	Secret []byte
	Policy auth.Policy

	mu         sync.Mutex
	generation int
	keys       map[string]Key // by algorithm
	published  []jwkset.JWKMarshal
	fault      Fault
	fetches    int
}

// Key is one of an issuer's signing keys.
type Key struct {
	ID     string
	Signer any // []byte, ed25519.PrivateKey, *ecdsa.PrivateKey or *rsa.PrivateKey
}

// Public returns the public half; it panics for HS256.
func (k Key) Public() crypto.PublicKey { return k.Signer.(crypto.Signer).Public() }

// New makes an issuer that no server serves.
func New(tb testing.TB) *Issuer {
	tb.Helper()
	i := &Issuer{
		Secret: []byte("a secret of the tests, long enough for anyone"),
		Policy: auth.Policy{Issuer: "https://issuer.example", Audience: "https://todo.example"},
	}
	i.Rotate()
	return i
}

// Start makes an issuer and serves it until the test ends.
func Start(tb testing.TB) *Issuer {
	tb.Helper()
	i := New(tb)
	server := httptest.NewServer(i)
	tb.Cleanup(server.Close)
	i.URL = server.URL + "/jwks"
	return i
}

// Config trusts this issuer: its secret, and its key set if it has a URL.
func (i *Issuer) Config() auth.Config {
	return auth.Config{Secret: i.Secret, SecretPolicy: i.Policy, JWKSURL: i.URL, JWKSPolicy: i.Policy}
}

// Rotate makes new keys of all algorithms but HS256 and publishes them alone:
// tokens signed before are no longer good.
func (i *Issuer) Rotate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.generation++
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	i.keys = map[string]Key{
		"HS256": {"hs", i.Secret},
		"EdDSA": {fmt.Sprintf("ed-%d", i.generation), ed},
		"ES256": {fmt.Sprintf("ec-%d", i.generation), ec},
		"RS256": {fmt.Sprintf("rsa-%d", i.generation), rsaKey(i.generation)},
	}
	i.published = nil
	for _, alg := range Algs[1:] {
		i.published = append(i.published, i.keys[alg].jwk(alg))
	}
}

var (
	rsaMu   sync.Mutex
	rsaKeys = map[int]*rsa.PrivateKey{}
)

// rsaKey makes keys once for all issuers of a test binary: it takes a while.
func rsaKey(generation int) *rsa.PrivateKey {
	rsaMu.Lock()
	defer rsaMu.Unlock()
	if rsaKeys[generation] == nil {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		must(err)
		rsaKeys[generation] = k
	}
	return rsaKeys[generation]
}

func (k Key) jwk(alg string) jwkset.JWKMarshal {
	j, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(alg), KID: k.ID, USE: jwkset.UseSig},
	})
	must(err)
	return j.Marshal()
}

// Key returns the key that signs alg now.
func (i *Issuer) Key(alg string) Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[alg]
}

// Claims returns what a genuine token says, changed: a nil removes a claim.
func (i *Issuer) Claims(changes map[string]any) map[string]any {
	now := time.Now().Unix()
	c := map[string]any{
		"iss": i.Policy.Issuer, "aud": i.Policy.Audience, "sub": User.UserID, "email": User.Email,
		"iat": now, "exp": now + 3600,
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// Token signs Claims(changes).
func (i *Issuer) Token(alg string, changes map[string]any) string {
	return i.Sign(alg, i.header(alg), encode(i.Claims(changes)))
}

func (i *Issuer) header(alg string) string {
	h := map[string]any{"alg": alg, "typ": "JWT"}
	if id := i.Key(alg).ID; id != "" {
		h["kid"] = id
	}
	return encode(h)
}

// Sign signs any header and payload with the genuine key for alg.
func (i *Issuer) Sign(alg, header, payload string) string {
	return sign(alg, i.Key(alg).Signer, header, payload)
}

func sign(alg string, key any, header, payload string) string {
	text := b64(header) + "." + b64(payload)
	signature, err := jwt.GetSigningMethod(alg).Sign(text, key)
	must(err)
	return text + "." + b64(string(signature))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func encode(v any) string {
	data, err := json.Marshal(v)
	must(err)
	return string(data)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
