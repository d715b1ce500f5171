package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// serve serves a fixed key set and returns its URL.
func serve(t *testing.T, set string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, set)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func verifierOfSet(t *testing.T, set string) *auth.Verifier {
	t.Helper()
	return newVerifier(t, auth.Config{JWKSURL: serve(t, set)})
}

// jwkMembers returns the JSON members of iss's public key for alg, without braces.
func jwkMembers(iss *authtest.Issuer, alg string) string {
	switch p := iss.Key(alg).Public().(type) {
	case ed25519.PublicKey:
		return fmt.Sprintf(`"kty":"OKP","crv":"Ed25519","x":%q`, b64(p))
	case *ecdsa.PublicKey:
		raw, _ := p.Bytes()
		x, y := raw[1:1+len(raw)/2], raw[1+len(raw)/2:]
		return fmt.Sprintf(`"kty":"EC","crv":%q,"x":%q,"y":%q`, p.Params().Name, b64(x), b64(y))
	case *rsa.PublicKey:
		return fmt.Sprintf(`"kty":"RSA","e":"AQAB","n":%q`, b64(p.N.Bytes()))
	}
	panic("no public key")
}

func TestKeySetUsesAKeyOnlyForItsStatedPurpose(t *testing.T) {
	iss := authtest.New(t)
	for _, alg := range authtest.KeySetAlgs {
		key := jwkMembers(iss, alg)
		purposes := map[string]bool{
			``:                              true,
			`,"use":"sig"`:                  true,
			`,"use":"enc"`:                  false,
			`,"use":"tls"`:                  false,
			`,"key_ops":["verify"]`:         true,
			`,"key_ops":["sign","verify"]`:  true,
			`,"key_ops":["sign"]`:           false,
			`,"key_ops":["encrypt"]`:        false,
			`,"key_ops":[]`:                 false,
			`,"alg":"Ed25519"`:              alg == "EdDSA",
			`,"alg":1`:                      false,
			`,"d":"AAAA"`:                   false,
			`,"kty":"OKP"`:                  false,
			`,"KTY":"oct","ext":true`:       true,
			`,"x5c":["broken"],"x5u":"://"`: true,
			`,"x5t#S256":"x"`:               true,
		}
		for _, other := range append([]string{"RS512", "PS384", "ES256K", "none", "RSA-OAEP"}, authtest.Algs...) {
			purposes[`,"alg":"`+other+`"`] = other == alg
		}
		for more, want := range purposes {
			if alg == "PS256" && !strings.Contains(more, `"alg"`) {
				more += `,"alg":"PS256"` // an RSA key that names none is for RS256
			}
			v := verifierOfSet(t, `{"keys":[{`+key+more+`}]}`)
			_, err := v.Verify(t.Context(), iss.Sign(alg, `{"alg":"`+alg+`"}`, `{"sub":"u","exp":9999999999}`))
			if (err == nil) != want {
				t.Errorf("%s key with %s: %v", alg, more, err)
			}
			otherRSA := map[string]string{"RS256": "PS256", "PS256": "RS256"}[alg] // a key of one is a key, but not for the other
			if !want && !errors.Is(err, auth.ErrKeysUnavailable) && more != `,"alg":"`+otherRSA+`"` {
				t.Errorf("%s key with %s: %v, want no key at all", alg, more, err)
			}
		}
	}
}

func TestKeySetIgnoresWeakAndUnsupportedKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := p224.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	zeros := b64(make([]byte, 32))
	for name, key := range map[string]string{
		"RSA of 1024 bits":      fmt.Sprintf(`"kty":"RSA","e":"AQAB","n":%q`, b64(small.N.Bytes())),
		"RSA of 16384 bits":     fmt.Sprintf(`"kty":"RSA","e":"AQAB","n":%q`, b64(append([]byte{1}, make([]byte, 2048)...))),
		"RSA without n":         `"kty":"RSA","e":"AQAB"`,
		"RSA, e = 0":            fmt.Sprintf(`"kty":"RSA","e":"AA","n":%q`, b64(append([]byte{255}, make([]byte, 255)...))),
		"P-224":                 fmt.Sprintf(`"kty":"EC","crv":"P-224","x":%q,"y":%q`, b64(point[1:29]), b64(point[29:])),
		"P-256 for ES384":       jwkMembers(authtest.New(t), "ES256") + `,"alg":"ES384"`,
		"P-384 for ES256":       jwkMembers(authtest.New(t), "ES384") + `,"alg":"ES256"`,
		"P-384 called P-256":    strings.Replace(jwkMembers(authtest.New(t), "ES384"), "P-384", "P-256", 1),
		"P-521 for RS256":       jwkMembers(authtest.New(t), "ES512") + `,"alg":"RS256"`,
		"no point of the curve": fmt.Sprintf(`"kty":"EC","crv":"P-256","x":%q,"y":%q`, zeros, zeros),
		"no known curve":        fmt.Sprintf(`"kty":"EC","crv":"secp256k1","x":%q,"y":%q`, zeros, zeros),
		"X25519":                fmt.Sprintf(`"kty":"OKP","crv":"X25519","x":%q`, b64(append([]byte{9}, make([]byte, 31)...))),
		"Ed448":                 fmt.Sprintf(`"kty":"OKP","crv":"Ed448","x":%q`, b64(make([]byte, 57))),
		"Ed25519 of 31 bytes":   fmt.Sprintf(`"kty":"OKP","crv":"Ed25519","x":%q`, b64(make([]byte, 31))),
		"symmetric":             fmt.Sprintf(`"kty":"oct","alg":"HS256","k":%q`, zeros),
		"symmetric as Ed25519":  fmt.Sprintf(`"kty":"oct","crv":"Ed25519","x":%q,"k":%q`, zeros, zeros),
		"no kty":                fmt.Sprintf(`"crv":"Ed25519","x":%q`, zeros),
	} {
		if err := fetched(t, verifierOfSet(t, `{"keys":[{`+key+`}]}`)); err == nil {
			t.Errorf("%s is used", name)
		}
	}
	for _, set := range []string{``, `null`, `[]`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[null,1,"x",[]]}`, `{"Keys":[]}`} {
		if err := fetched(t, verifierOfSet(t, set)); err == nil {
			t.Errorf("%s gives a key", set)
		}
	}
}

// fetched makes v fetch its set and returns nil if it has keys then.
func fetched(t *testing.T, v *auth.Verifier) error {
	t.Helper()
	_, _ = v.Verify(t.Context(), "eyJhbGciOiJFZERTQSJ9.e30.AA")
	return v.Ready()
}

func TestKeySetNeedsOneMatchingKeyForATokenWithoutKid(t *testing.T) {
	one, two := authtest.New(t), authtest.New(t)
	ed, other, ec := jwkMembers(one, "EdDSA"), jwkMembers(two, "EdDSA"), jwkMembers(one, "ES256")
	payload := `{"sub":"u","exp":9999999999}`
	plain := one.Sign("EdDSA", `{"alg":"EdDSA"}`, payload)
	named := one.Sign("EdDSA", `{"alg":"EdDSA","kid":"a"}`, payload)

	v := verifierOfSet(t, `{"keys":[{`+ed+`,"kid":"a"},{`+ec+`,"kid":"b"}]}`)
	accepted(t, v, plain)
	accepted(t, v, named)
	refused(t, v, one.Sign("EdDSA", `{"alg":"EdDSA","kid":"b"}`, payload), auth.UnknownKey)

	v = verifierOfSet(t, `{"keys":[{`+ed+`,"kid":"a"},{`+other+`,"kid":"c"}]}`)
	refused(t, v, plain, auth.UnknownKey)
	accepted(t, v, named)
	refused(t, v, one.Sign("EdDSA", `{"alg":"EdDSA","kid":"c"}`, payload), auth.BadSignature)

	v = verifierOfSet(t, `{"keys":[{`+ed+`}]}`)
	refused(t, v, named, auth.UnknownKey)
	accepted(t, v, plain)

	v = verifierOfSet(t, `{"keys":[{`+ed+`,"kid":"a"},{`+ed+`,"kid":"c"}]}`)
	accepted(t, v, plain)

	v = verifierOfSet(t, `{"keys":[{`+ed+`,"kid":"a"},{`+ec+`,"kid":"a"}]}`)
	accepted(t, v, named)
}

func TestKeySetMayListAKeyTwiceAndTwoKeysUnderOneKid(t *testing.T) {
	one, two := authtest.New(t), authtest.New(t)
	for _, alg := range authtest.KeySetAlgs {
		key, other := jwkMembers(one, alg)+`,"alg":"`+alg+`"`, jwkMembers(two, alg)+`,"alg":"`+alg+`"`
		if alg == "RS256" || alg == "PS256" {
			two.Rotate() // the RSA keys of a generation are the same
			other = jwkMembers(two, alg) + `,"alg":"` + alg + `"`
		}
		sign := func(iss *authtest.Issuer, kid string) string {
			return iss.Sign(alg, `{"alg":"`+alg+`"`+kid+`}`, `{"sub":"u","exp":9999999999}`)
		}
		v := verifierOfSet(t, `{"keys":[{`+key+`,"kid":"a"},{`+key+`,"kid":"a","use":"sig"}]}`)
		accepted(t, v, sign(one, `,"kid":"a"`))
		accepted(t, v, sign(one, ``))
		refused(t, v, sign(two, `,"kid":"a"`), auth.BadSignature)
		if bad, _ := failing(v.Inspect(t.Context(), sign(one, `,"kid":"a"`))); bad != nil {
			t.Errorf("%s: %v fail", alg, bad)
		}

		v = verifierOfSet(t, `{"keys":[{`+key+`,"kid":"a"},{`+other+`,"kid":"a"},{`+key+`,"kid":"b"}]}`)
		accepted(t, v, sign(one, `,"kid":"a"`))
		accepted(t, v, sign(two, `,"kid":"a"`))
		refused(t, v, sign(two, `,"kid":"b"`), auth.BadSignature)
		if bad, _ := failing(v.Inspect(t.Context(), sign(two, `,"kid":"a"`))); bad != nil {
			t.Errorf("%s: %v fail with the second key of its kid", alg, bad)
		}
	}
}

func TestVerifyRefusesOtherAlgorithmsOfAGenuineKey(t *testing.T) {
	iss := authtest.Start(t)
	v := newVerifier(t, iss.Config())
	for _, m := range []jwt.SigningMethod{jwt.SigningMethodRS384, jwt.SigningMethodRS512, jwt.SigningMethodPS384, jwt.SigningMethodPS512, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
		key := iss.Key("RS256")
		if m.Alg()[0] == 'H' {
			key = iss.Key("HS256")
		}
		token := jwt.NewWithClaims(m, jwt.MapClaims(iss.Claims(nil)))
		token.Header["kid"] = key.ID
		s, err := token.SignedString(key.Signer)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, v, s, auth.UnknownKey)
	}
}
