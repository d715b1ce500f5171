// Package authtest is a token issuer for tests. It signs tokens with every
// algorithm, serves a key set with rotation and faults, and forges tokens that no
// verifier must accept.
package authtest

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/securetodo/securetodo/auth"
)

// User is the user that the tokens of an [Issuer] identify.
var User = auth.Identity{UserID: "user_2Yk3", Email: "ann@example.com"}

// Issuer signs tokens and, as an [http.Handler], serves its key set at any path.
// It is safe for concurrent use.
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

// New returns an issuer without a server.
func New(tb testing.TB) *Issuer {
	tb.Helper()
	i := &Issuer{
		Secret: []byte("a secret of the tests, long enough for anyone"),
		Policy: auth.Policy{Issuer: "https://issuer.example", Audience: "https://todo.example"},
	}
	i.Rotate()
	return i
}

// Start returns an issuer whose server runs until the test ends.
func Start(tb testing.TB) *Issuer {
	tb.Helper()
	i := New(tb)
	server := httptest.NewServer(i)
	tb.Cleanup(server.Close)
	i.URL = server.URL + "/jwks"
	return i
}

// Config returns a configuration that trusts the secret of i and, with a server,
// its key set.
func (i *Issuer) Config() auth.Config {
	return auth.Config{Secret: i.Secret, SecretPolicy: i.Policy, JWKSURL: i.URL, JWKSPolicy: i.Policy}
}

// Rotate replaces all keys but the secret by new ones and publishes only these, so
// that no earlier token of the key set is valid.
func (i *Issuer) Rotate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.generation++
	i.keys, i.published = map[string]Key{}, nil
	for _, a := range algorithms {
		if a.newKey == nil {
			i.keys[a.name] = Key{"secret", i.Secret}
			continue
		}
		k := Key{fmt.Sprintf("%s-%d", a.name, i.generation), a.newKey(i.generation)}
		i.keys[a.name] = k
		i.published = append(i.published, k.jwk(a.name))
	}
}

func (k Key) jwk(alg string) jwkset.JWKMarshal {
	j, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(alg), KID: k.ID, USE: jwkset.UseSig},
	})
	must(err)
	return j.Marshal()
}

// Key returns the current signing key for alg.
func (i *Issuer) Key(alg string) Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[alg]
}

// Claims returns the claims of a genuine token with changes applied; nil removes a
// claim.
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

// Token returns a token with Claims(changes).
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

// Sign returns a token of any header and payload, signed with the current key for
// alg.
func (i *Issuer) Sign(alg, header, payload string) string {
	return sign(alg, i.Key(alg).Signer, header, payload)
}

func sign(alg string, key any, header, payload string) string {
	text := b64(header) + "." + b64(payload)
	signature, err := jwt.GetSigningMethod(alg).Sign(text, key)
	must(err)
	return text + "." + b64(string(signature))
}

// Names reports whether the header of a token names a key that i publishes. A token that
// does not may be of a new key.
func (i *Issuer) Names(token string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	raw, _, _ := strings.Cut(token, ".")
	var h struct{ Kid string }
	data, err := base64.RawURLEncoding.DecodeString(raw)
	return err == nil && json.Unmarshal(data, &h) == nil &&
		slices.ContainsFunc(i.published, func(j jwkset.JWKMarshal) bool { return j.KID == h.Kid })
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
