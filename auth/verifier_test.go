package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

// newVerifier returns a verifier or fails the test.
func newVerifier(tb testing.TB, c auth.Config) *auth.Verifier {
	tb.Helper()
	v, err := auth.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// refused checks that a token is refused for a reason.
func refused(t *testing.T, v *auth.Verifier, token string, want auth.Reason) {
	t.Helper()
	id, err := v.Verify(t.Context(), token)
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, %v, want it refused", id, err)
	}
	if e.Reason != want {
		t.Errorf("refused as %v, want %q", err, want)
	}
}

// forged returns a token with the signature of another.
func forged(iss *authtest.Issuer, alg string) string {
	a, b := iss.Token(alg, nil), iss.Token(alg, map[string]any{"jti": "other"})
	return a[:strings.LastIndexByte(a, '.')] + b[strings.LastIndexByte(b, '.'):]
}

// accepted checks that a token is accepted, and returns its identity without the expiry,
// which differs from token to token.
func accepted(t *testing.T, v *auth.Verifier, token string) auth.Identity {
	t.Helper()
	id, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if time.Until(id.Expires) <= -time.Minute {
		t.Errorf("expires at %s", id.Expires)
	}
	id.Expires = time.Time{}
	return id
}

func TestVerifyAcceptsEveryAlgorithm(t *testing.T) {
	iss := authtest.Start(t)
	v := newVerifier(t, iss.Config())
	for _, alg := range authtest.Algs {
		if id := accepted(t, v, iss.Token(alg, nil)); id != authtest.User {
			t.Errorf("%s: got %+v", alg, id)
		}
	}
	if n := iss.Fetches(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

func TestVerifyRefusesEveryAttack(t *testing.T) {
	began := time.Now()
	iss := authtest.Start(t)
	both := iss.Config()
	both.CacheSize = 1000
	secretOnly, setOnly := iss.Config(), iss.Config()
	secretOnly.JWKSURL = ""
	setOnly.Secret = nil
	for name, config := range map[string]auth.Config{"both": both, "secret only": secretOnly, "key set only": setOnly} {
		v := newVerifier(t, config)
		for _, alg := range authtest.Algs {
			genuine := iss.Token(alg, nil)
			_, err := v.Verify(t.Context(), genuine)
			if trusted := name == "both" || slices.Contains(authtest.KeySetAlgs, alg) == (name == "key set only"); trusted != (err == nil) {
				t.Errorf("%s: genuine %s token: %v", name, alg, err)
			}
			attacks := iss.Attacks(alg)
			t.Logf("%s, %s: %d attacks", name, alg, len(attacks))
			for _, a := range attacks {
				id, err := v.Verify(t.Context(), a.Token)
				var e *auth.Error
				mayBeNew := errors.Is(err, auth.ErrKeysUnavailable) && !iss.Names(a.Token)
				if err == nil || !errors.As(err, &e) && !mayBeNew {
					t.Errorf("%s: %s: %s: got %+v, %v", name, alg, a.Name, id, err)
				}
			}
		}
	}
	// One a verifier at first, and one for each 10 seconds begun.
	if n, most := iss.Fetches(), 2*(2+int(time.Since(began)/(10*time.Second))); n > most {
		t.Errorf("the attacks caused %d fetches, want %d at most", n, most)
	}
}

func TestErrorNeverContainsTheToken(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, SecretPolicy: iss.Policy})
	for _, a := range iss.Attacks("HS256") {
		_, err := v.Verify(t.Context(), a.Token)
		var e *auth.Error
		if !errors.As(err, &e) {
			continue
		}
		shown := err.Error() + fmt.Sprint(e.Attrs())
		for segment := range strings.SplitSeq(a.Token, ".") {
			if len(segment) > 16 && strings.Contains(shown, segment) {
				t.Errorf("%s: the error shows the token: %s", a.Name, shown)
			}
		}
	}
}

func TestErrorHasTheReasonForTheClient(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, SecretPolicy: iss.Policy})
	now := time.Now().Unix()
	for _, c := range []struct {
		token string
		want  auth.Reason
	}{
		{"x", auth.Malformed},
		{iss.Token("HS256", map[string]any{"exp": nil}), auth.Malformed},
		{iss.Token("HS256", map[string]any{"sub": 1.5}), auth.Malformed},
		{iss.Token("HS256", map[string]any{"exp": now - 60}), auth.Expired},
		{iss.Token("HS256", map[string]any{"exp": now - 60, "sub": true, "iss": nil}), auth.Expired},
		{iss.Token("HS256", map[string]any{"nbf": now + 60}), auth.NotYetValid},
		{iss.Token("HS256", map[string]any{"iat": now + 60}), auth.NotYetValid},
		{iss.Token("HS256", map[string]any{"iss": nil}), auth.WrongParty},
		{iss.Token("HS256", map[string]any{"iss": "x"}), auth.WrongParty},
		{iss.Token("HS256", map[string]any{"aud": nil}), auth.WrongParty},
		{iss.Token("HS256", map[string]any{"aud": []string{"x", ""}}), auth.WrongParty},
		{iss.Token("EdDSA", nil), auth.UnknownKey},
		{forged(iss, "HS256"), auth.BadSignature},
	} {
		refused(t, v, c.token, c.want)
	}
}

func TestVerifyToleratesClocksThatDifferBy30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iss := authtest.New(t)
		v := newVerifier(t, auth.Config{Secret: iss.Secret})
		now := time.Now().Unix()
		accepted(t, v, iss.Token("HS256", map[string]any{"exp": now - 29}))
		accepted(t, v, iss.Token("HS256", map[string]any{"exp": float64(now) - 29.5}))
		accepted(t, v, iss.Token("HS256", map[string]any{"nbf": now + 30, "iat": now + 30}))
		refused(t, v, iss.Token("HS256", map[string]any{"exp": now - 30}), auth.Expired)
		refused(t, v, iss.Token("HS256", map[string]any{"nbf": now + 31}), auth.NotYetValid)
		refused(t, v, iss.Token("HS256", map[string]any{"iat": now + 31}), auth.NotYetValid)
	})
}

func TestVerifyChecksIssuerAndAudienceOnlyIfConfigured(t *testing.T) {
	iss := authtest.New(t)
	token := iss.Token("HS256", map[string]any{"iss": nil, "aud": nil})
	accepted(t, newVerifier(t, auth.Config{Secret: iss.Secret}), token)
	several := iss.Token("HS256", map[string]any{"aud": []string{"x", iss.Policy.Audience}})
	v := newVerifier(t, auth.Config{Secret: iss.Secret, SecretPolicy: iss.Policy})
	accepted(t, v, several)
	refused(t, v, token, auth.WrongParty)
}

func TestVerifyAppliesSeparatePoliciesToSecretAndKeySet(t *testing.T) {
	iss := authtest.Start(t)
	c := iss.Config()
	c.SecretPolicy = auth.Policy{UserClaim: "user.id"}
	v := newVerifier(t, c)
	cookie := map[string]any{"iss": nil, "aud": nil, "sub": nil, "user": map[string]any{"id": "ann", "name": "Ann"}}
	if id := accepted(t, v, iss.Token("HS256", cookie)); id.UserID != "ann" {
		t.Errorf("got %+v", id)
	}
	refused(t, v, iss.Token("EdDSA", cookie), auth.WrongParty)
	refused(t, v, iss.Token("HS256", nil), auth.Malformed)
}

func TestNewRefusesAUserClaimWithAnotherMeaning(t *testing.T) {
	for _, claim := range []string{"iss", "aud", "exp", "nbf", "iat", "iss.id"} {
		for _, c := range []auth.Config{{SecretPolicy: auth.Policy{UserClaim: claim}}, {JWKSPolicy: auth.Policy{UserClaim: claim}}} {
			c.Secret = make([]byte, 32)
			if _, err := auth.New(c); err == nil {
				t.Errorf("%s is accepted as the user claim", claim)
			}
		}
	}
}

func TestUserClaimIsANameOrElseAPath(t *testing.T) {
	iss := authtest.New(t)
	object := func(id any) map[string]any { return map[string]any{"id": id} }
	for _, c := range []struct {
		claim  string
		claims map[string]any
		want   string // empty: refused
	}{
		{"", map[string]any{"sub": "u"}, "u"},
		{"sub", map[string]any{"sub": strings.Repeat("u", 255)}, strings.Repeat("u", 255)},
		{"sub", map[string]any{"sub": "Ünï ✓ <&>\u2028\ufffd"}, "Ünï ✓ <&>\u2028\ufffd"},
		{"uid", map[string]any{"uid": "u", "sub": "other"}, "u"},
		{"uid", map[string]any{"UID": "u"}, ""},
		{"uid", map[string]any{"UID": "u", "uid": "v"}, ""},
		{"https://x.example/uid", map[string]any{"https://x.example/uid": "u"}, "u"},
		{"https://x.example/uid", map[string]any{"https://x": map[string]any{"example/uid": "u"}}, "u"},
		{"https://x.example/uid", map[string]any{"https://x.example/uid": "u", "HTTPS://x.example/uid": "v"}, ""},
		{"user.id", map[string]any{"user": object("u")}, "u"},
		{"user.id", map[string]any{"user.id": "u", "user": object("v")}, "u"},
		{"user.id", map[string]any{"user.id": 7, "user": object("v")}, "7"},
		{"user.id", map[string]any{"user.id": true, "user": object("v")}, ""},
		{"user.id", map[string]any{"user": object(7)}, "7"},
		{"user.id", map[string]any{"user": object(7.5)}, ""},
		{"sub", map[string]any{"sub": 0}, "0"},
		{"sub", map[string]any{"sub": json.RawMessage("9007199254740993")}, "9007199254740993"}, // 2^53 + 1, no float64
		{"sub", map[string]any{"sub": json.RawMessage("18446744073709551616")}, "18446744073709551616"},
		{"sub", map[string]any{"sub": json.RawMessage(strings.Repeat("9", 255))}, strings.Repeat("9", 255)},
		{"sub", map[string]any{"sub": -1}, ""},
		{"sub", map[string]any{"sub": json.RawMessage("1.0")}, ""},
		{"sub", map[string]any{"sub": json.RawMessage("1E3")}, ""},
		{"user.id", map[string]any{"user": "u"}, ""},
		{"user.id", map[string]any{"user": []any{object("u")}}, ""},
		{"user.id", map[string]any{"user": map[string]any{"ID": "u"}}, ""},
		{"user.id", map[string]any{"user": map[string]any{"id": "u", "ID": "v"}}, ""},
		{"user.id", map[string]any{"user": object("u"), "USER": object("v")}, ""},
		{"a.b.c", map[string]any{"a": map[string]any{"b": map[string]any{"c": "u"}}}, "u"},
		{"a.b.c", map[string]any{"a": map[string]any{"b.c": "u"}}, ""},
		{"email", nil, authtest.User.Email},
	} {
		v := newVerifier(t, auth.Config{Secret: iss.Secret, SecretPolicy: auth.Policy{UserClaim: c.claim}})
		id, err := v.Verify(t.Context(), iss.Token("HS256", c.claims))
		if id.UserID != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q in %v: got %q, %v, want %q", c.claim, c.claims, id.UserID, err, c.want)
		}
	}
}

func TestEmailNeverInvalidatesAToken(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret})
	longest := strings.Repeat("é", 320)
	for raw, want := range map[string]string{
		`"ann@example.com"`: "ann@example.com",
		`"` + longest + `"`: longest, `"` + longest + `x"`: "",
		`""`: "", `null`: "", `1`: "", `true`: "", `[]`: "", `{"a":"b"}`: "",
		`"a\u0000b"`: "", `"a\nb"`: "", `"a\u0085"`: "",
		"\"\xff\"": "", `"\ud800"`: "", "{\"\xff\":1}": "",
	} {
		payload := fmt.Sprintf(`{"sub":"u","exp":%d,"email":%s}`, time.Now().Unix()+60, raw)
		if id := accepted(t, v, iss.Sign("HS256", `{"alg":"HS256"}`, payload)); id.Email != want {
			t.Errorf("%s: got %q, want %q", raw, id.Email, want)
		}
	}
}

func TestVerifyAcceptsTheHeadersOfRealIssuers(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret})
	payload := fmt.Sprintf(`{"sub":"u","exp":%d.5,"nbf":0,"scope":["a"],"Role":1,"role":2}`, time.Now().Unix()+60)
	for _, more := range []string{
		``, `,"typ":"JWT"`, `,"typ":"jwt"`, `,"typ":"at+jwt"`, `,"typ":"AT+JWT"`,
		`,"typ":"application/jwt"`, `,"typ":"application/at+jwt"`, `,"typ":"Application/AT+JWT"`, `,"kid":""`, `,"kid":"anything"`, `,"b64":true`,
		`,"cty":"json"`, `,"x5t":"abc"`, `,"jku":"https://x.example"`, `,"jwk":{"kty":"oct","k":"AA"}`,
	} {
		accepted(t, v, iss.Sign("HS256", `{"alg":"HS256"`+more+`}`, payload))
	}
}

func TestVerifyAcceptsTokensOfUpTo16KiB(t *testing.T) {
	iss := authtest.New(t)
	v := newVerifier(t, auth.Config{Secret: iss.Secret, CacheSize: 10})
	const most = 16 << 10
	token := func(pad int) string { return iss.Token("HS256", map[string]any{"pad": strings.Repeat("x", pad)}) }
	pad := 0
	for len(token(pad+1)) <= most {
		pad += max(1, (most-len(token(pad)))/2)
	}
	accepted(t, v, token(pad))
	accepted(t, v, token(pad))
	refused(t, v, token(pad+4), auth.Malformed)
}

func TestNewRefusesUnsafeConfigurations(t *testing.T) {
	long := []byte(strings.Repeat("s", 32))
	for name, c := range map[string]auth.Config{
		"nothing":         {},
		"empty secret":    {Secret: []byte{}},
		"31 bytes":        {Secret: long[:31]},
		"http":            {JWKSURL: "http://issuer.example/jwks"},
		"like loopback":   {JWKSURL: "http://localhost.example/jwks"},
		"no host":         {JWKSURL: "https:///jwks"},
		"relative":        {JWKSURL: "/jwks"},
		"file":            {JWKSURL: "file:///etc/keys", JWKSAllowHTTP: true},
		"ftp":             {JWKSURL: "ftp://127.0.0.1/keys", JWKSAllowHTTP: true},
		"not a URL":       {JWKSURL: "https://%zz"},
		"negative cache":  {Secret: long, CacheSize: -1},
		"negative stale":  {Secret: long, JWKSMaxStale: -1},
		"short with JWKS": {Secret: long[:31], JWKSURL: "https://issuer.example/jwks"},
	} {
		if _, err := auth.New(c); err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "sss") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
	for _, c := range []auth.Config{
		{Secret: long},
		{JWKSURL: "https://issuer.example/jwks"},
		{JWKSURL: "http://issuer.example/jwks", JWKSAllowHTTP: true},
		{JWKSURL: "http://localhost:3000/jwks"},
		{JWKSURL: "http://127.8.9.10/jwks"},
		{JWKSURL: "http://[::1]:3000/jwks"},
	} {
		newVerifier(t, c)
	}
}
