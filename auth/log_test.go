package auth_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func TestLogNamesTheFaultsOfAKeySet(t *testing.T) {
	iss := authtest.Start(t)
	var log bytes.Buffer
	c := iss.Config()
	c.Log = slog.New(slog.NewJSONHandler(&log, nil))
	c.JWKSPolicy.Audience = ""
	c.JWKSURL = strings.Replace(iss.URL, "://", "://user:hunter2@", 1)
	v := newVerifier(t, c)
	iss.SetFault(authtest.OneBroken)
	accepted(t, v, iss.Token("EdDSA", nil))
	for _, want := range []string{"no audience is configured", `"broken key skipped"`, `"kid":"broken"`, `"new key"`, `"alg":"EdDSA"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in\n%s", want, &log)
		}
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the password is in\n%s", &log)
	}
}

func TestLogSaysWhichKeysOfASetAreOfAnotherKind(t *testing.T) {
	const zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for set, wants := range map[string][]string{
		`{"keys":[{"kty":"EC","crv":"secp256k1","kid":"k1","x":"` + zeros + `","y":"` + zeros + `"},{"kty":"oct","kid":"k2","k":"AA"}]}`: {`kid \"k1\"`, "secp256k1", `kid \"k2\"`, "oct", "EdDSA, ES256"},
		`{"keys":[{"kty":"RSA","kid":"r","use":"enc","n":"` + zeros + `","e":"AQAB"}]}`:                                                  {`kid \"r\"`, `use \"enc\"`},
		`{"keys":[]}`: {"it has none at all"},
	} {
		var log bytes.Buffer
		v := newVerifier(t, auth.Config{JWKSURL: serve(t, set), Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		iss := authtest.New(t)
		checks := v.Inspect(t.Context(), iss.Token("EdDSA", nil))
		detail := checks[len(checks)-1].Detail
		for _, want := range append(wants, "no key of the key set can be used", `"level":"WARN"`) {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no %s in %s", want, &log)
			}
		}
		for _, want := range wants {
			if !strings.Contains(detail, strings.ReplaceAll(want, `\"`, `"`)) {
				t.Errorf("inspect does not say %s: %s", want, detail)
			}
		}
		if strings.Contains(log.String(), "cannot fetch") || strings.Contains(log.String(), "broken") || strings.Contains(detail, "fetch") {
			t.Errorf("the set was fetched: %s%s", &log, detail)
		}
	}
}

func TestErrorLogsOnlyKidAndAlgOfARefusedToken(t *testing.T) {
	iss := authtest.Start(t)
	v := newVerifier(t, iss.Config())
	kid := strings.Repeat("k", 500)
	token := iss.Sign("EdDSA", `{"alg":"EdDSA","kid":"`+kid+`"}`, `{"sub":"somebody"}`)
	_, err := v.Verify(t.Context(), token)
	var refused *auth.Error
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).LogAttrs(t.Context(), slog.LevelInfo, "refused", refused.Attrs()...)
	for _, want := range []string{`"error":"` + string(auth.UnknownKey), `"token_alg":"EdDSA"`, `"token_kid":"` + kid[:100] + `…"`, `"cause":"no such key in the set"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in %s", want, &log)
		}
	}
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(log.String(), part) {
			t.Errorf("the token is in %s", &log)
		}
	}
}
