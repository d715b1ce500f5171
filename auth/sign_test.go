package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/auth"
)

var longSecret = []byte(strings.Repeat("s", 32))

func newKey(t *testing.T) (ed25519.PrivateKey, string) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := auth.PublicJWKS(public)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(set)
}

func TestSignMakesTokensThatVerifyAcceptsUnderThePolicy(t *testing.T) {
	key, set := newKey(t)
	for claim, top := range map[string]string{
		"": "sub", "sub": "sub", "uid": "uid", "user.id": "user", "a.b.c": "a", "email": "email",
		"https://x.example/uid": "https://x.example/uid", "urn:x.y:uid": "urn:x.y:uid",
	} {
		for _, id := range []auth.Identity{{UserID: "demo"}, {UserID: `Ünï <&> "x"`, Email: "a@example.com"}} {
			p := auth.Policy{Issuer: "https://i.example", Audience: "todo", UserClaim: claim}
			v := newVerifier(t, auth.Config{Secret: longSecret, SecretPolicy: p, JWKSURL: serve(t, set), JWKSPolicy: p})
			hs, err := auth.SignHS256(longSecret, p, id, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			ed, err := auth.SignEdDSA(key, p, id, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			want := id
			if claim == "email" {
				want.Email = id.UserID
			}
			for _, token := range []string{hs, ed} {
				if got := accepted(t, v, token); got != want {
					t.Errorf("%q: got %+v, want %+v", claim, got, want)
				}
				if names := claimNames(t, token); !slices.Contains(names, top) {
					t.Errorf("%q: claims are %q", claim, names)
				}
			}
		}
	}
}

func claimNames(t *testing.T, token string) []string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Keys(claims))
}

func TestSignLimitsTheLifetimeOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, auth.Config{Secret: longSecret})
		token, err := auth.SignHS256(longSecret, auth.Policy{}, auth.Identity{UserID: "u"}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		accepted(t, v, token)
		time.Sleep(30 * time.Second)
		refused(t, v, token, auth.Expired)
	})
}

func TestSignRefusesWhatNoVerifierAccepts(t *testing.T) {
	u := auth.Identity{UserID: "u"}
	for name, sign := range map[string]func() (string, error){
		"short secret": func() (string, error) { return auth.SignHS256(longSecret[1:], auth.Policy{}, u, time.Hour) },
		"no key":       func() (string, error) { return auth.SignEdDSA(nil, auth.Policy{}, u, time.Hour) },
		"no user":      func() (string, error) { return auth.SignHS256(longSecret, auth.Policy{}, auth.Identity{}, time.Hour) },
		"no time":      func() (string, error) { return auth.SignHS256(longSecret, auth.Policy{}, u, 0) },
		"user as exp":  func() (string, error) { return auth.SignHS256(longSecret, auth.Policy{UserClaim: "exp"}, u, time.Hour) },
		"user in aud": func() (string, error) {
			return auth.SignHS256(longSecret, auth.Policy{UserClaim: "aud.x"}, u, time.Hour)
		},
	} {
		if token, err := sign(); err == nil {
			t.Errorf("%s: signed %s", name, token)
		}
	}
}

func TestThumbprintMatchesRFC8037(t *testing.T) {
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := auth.Thumbprint(public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoadKeyReadsWhatEncodeKeyWrites(t *testing.T) {
	key, _ := newKey(t)
	data, err := auth.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if _, err := auth.LoadKey(path); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	for content, want := range map[string]bool{
		string(data):              true,
		"# mine\n" + string(data): true,
		"":                        false,
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n":       false,
		strings.ReplaceAll(string(data), "PRIVATE", "PUBLIC"):                  false,
		"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n": false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := auth.LoadKey(path)
		if (err == nil) != want || want && !got.Equal(key) {
			t.Errorf("%.30q: %v", content, err)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
}
