package auth_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
)

func TestNewWarnsOfTokensThatWereMadeForOthers(t *testing.T) {
	t.Parallel()
	const set = "https://issuer.example/jwks"
	random := []byte(rand.Text() + rand.Text())
	some := auth.Policy{Issuer: "https://issuer.example"}
	whole := auth.Policy{Issuer: "https://issuer.example", Audience: "todo"}
	for name, test := range map[string]struct {
		config auth.Config
		warns  []string
	}{
		"a secret without both":          {auth.Config{Secret: random}, []string{"HS256"}},
		"a secret with an issuer":        {auth.Config{Secret: random, SecretPolicy: some}, nil},
		"a secret with an audience":      {auth.Config{Secret: random, SecretPolicy: auth.Policy{Audience: "todo"}}, nil},
		"a key set without an audience":  {auth.Config{JWKSURL: set, JWKSPolicy: some}, []string{"no audience"}},
		"a key set with all":             {auth.Config{JWKSURL: set, JWKSPolicy: whole}, nil},
		"both, the secret without both":  {auth.Config{Secret: random, JWKSURL: set, JWKSPolicy: whole}, []string{"HS256"}},
		"both, without anything at all":  {auth.Config{Secret: random, JWKSURL: set}, []string{"no audience", "HS256"}},
		"both, each with what it should": {auth.Config{Secret: random, SecretPolicy: some, JWKSURL: set, JWKSPolicy: whole}, nil},
	} {
		var log bytes.Buffer
		test.config.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		newVerifier(t, test.config)
		if strings.Count(log.String(), "\n") != len(test.warns) {
			t.Errorf("%s: %s", name, &log)
		}
		for _, warns := range test.warns {
			if !strings.Contains(log.String(), warns) {
				t.Errorf("%s: no %q in %s", name, warns, &log)
			}
		}
	}
}

// TestKeySetURLIsRefusedWithoutAnyOfItsPassword has passwords of which a part would be
// taken for the host, its port, the path or a fragment.
func TestKeySetURLIsRefusedWithoutAnyOfItsPassword(t *testing.T) {
	t.Parallel()
	for password, says := range map[string]string{
		"qzx/wvu": "%2F", "12/wvukj": "%2F", "qzx?wvu": "%3F", "12?wvukj": "%3F", "qzx#wvu": "%23", "12#wvukj": "%23",
		"qzx%wvu": "%25", "qzx wvu": "%20",
	} {
		err := auth.CheckKeySetURL("https://user:"+password+"@issuer.example/jwks", false)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "qzx") || strings.Contains(err.Error(), "wvu") {
			t.Errorf("%s: %v", password, err)
		}
	}
	for url, says := range map[string]string{
		"https://issuer.example/jwks#keys": "#", "issuer.example/jwks": "absolute", "http://issuer.example/jwks": "https",
		"https://user:p%2Fq@issuer.example/jwks": "", "https://issuer.example:8443/a/%40b/jwks?x=y": "",
	} {
		if err := auth.CheckKeySetURL(url, false); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestUserClaimHasNoEmptyPart(t *testing.T) {
	t.Parallel()
	for claim, ok := range map[string]bool{
		"": true, "sub": true, "user.id": true, "a.b.c": true, "https://x.example/uid..": true, "urn:x..y": true,
		"user..id": false, ".id": false, "user.": false, ".": false,
	} {
		if err := auth.CheckUserClaim(claim); (err == nil) != ok {
			t.Errorf("%q: %v", claim, err)
		}
	}
}
