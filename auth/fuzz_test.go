package auth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

// FuzzVerify verifies arbitrary tokens, and arbitrary headers and payloads with a
// genuine signature. A reference that shares no code with the verifier must accept
// what it accepts, for the same user.
func FuzzVerify(f *testing.F) {
	iss := authtest.New(f)
	v := newVerifier(f, auth.Config{Secret: iss.Secret, SecretPolicy: iss.Policy})
	for n, a := range iss.Attacks("HS256") {
		s := strings.Split(a.Token, ".")
		if n%10 != 0 || len(s) != 3 || len(a.Token) > 2000 {
			continue
		}
		header, _ := base64.RawURLEncoding.DecodeString(s[0])
		payload, _ := base64.RawURLEncoding.DecodeString(s[1])
		f.Add(a.Token, string(header), string(payload))
	}
	f.Add(iss.Token("HS256", nil), `{"alg":"HS256"}`, `{"sub":"u","exp":9999999999,"iss":"https://issuer.example","aud":"https://todo.example"}`)
	f.Add("", `{"alg":"HS256","typ":"application/at+jwt"}`, `{"sub":9007199254740993,"exp":9999999999,"iss":"https://issuer.example","aud":"https://todo.example"}`)
	f.Add("", `{"alg":"HS256","typ":"Application/JWT"}`, `{"sub":1e3,"exp":9999999999,"iss":"https://issuer.example","aud":"https://todo.example"}`)
	f.Fuzz(func(t *testing.T, raw, header, payload string) {
		for _, token := range []string{raw, iss.Sign("HS256", header, payload)} {
			v.Inspect(t.Context(), token)
			id, err := v.Verify(t.Context(), token)
			if err != nil {
				continue
			}
			if user, ok := reference(token, iss); !ok || user != id.UserID {
				t.Errorf("accepted for %q, the reference says %q, %v\n%q\n%q", id.UserID, user, ok, header, payload)
			}
		}
	})
}

var (
	anyTokenType = regexp.MustCompile(`\A(?i:(application/)?(jwt|at\+jwt))\z`)
	wholeNumber  = regexp.MustCompile(`\A[0-9]+\z`)
)

var threeSegments = regexp.MustCompile(`\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\z`)

// reference verifies a token with encoding/json and returns its user.
func reference(token string, iss *authtest.Issuer) (user string, ok bool) {
	if len(token) > 16384 || !threeSegments.MatchString(token) {
		return "", false
	}
	var raw [3][]byte
	segments := strings.Split(token, ".")
	for n, s := range segments {
		decoded, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || base64.RawURLEncoding.EncodeToString(decoded) != s {
			return "", false
		}
		raw[n] = decoded
	}
	mac := hmac.New(sha256.New, iss.Secret)
	mac.Write([]byte(segments[0] + "." + segments[1]))
	if !bytes.Equal(mac.Sum(nil), raw[2]) {
		return "", false
	}
	h, ok := object(raw[0], "alg", "typ", "kid", "crit")
	if !ok || h["alg"] != "HS256" || h["crit"] != nil || h["zip"] != nil || h["b64"] == false {
		return "", false
	}
	if typ, has := h["typ"]; has {
		if s, _ := typ.(string); !anyTokenType.MatchString(s) {
			return "", false
		}
	}
	c, ok := object(raw[1], "iss", "aud", "sub", "exp", "nbf", "iat", "email")
	if !ok || c["iss"] != iss.Policy.Issuer || !slicesHas(c["aud"], iss.Policy.Audience) {
		return "", false
	}
	now := float64(time.Now().Unix())
	exp, ok := c["exp"].(float64)
	if !ok || exp < now-31 || exp > 253402300799.999999 {
		return "", false
	}
	for _, name := range []string{"nbf", "iat"} {
		if v, has := c[name]; has {
			if at, ok := v.(float64); !ok || at > now+31 || at < 0 {
				return "", false
			}
		}
	}
	user, ok = c["sub"].(string)
	if n, isNumber := c["sub"].(json.Number); isNumber {
		user, ok = n.String(), wholeNumber.MatchString(n.String())
	}
	return user, ok && user != "" && len(user) <= 255 && !strings.ContainsFunc(user, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0
	})
}

func slicesHas(v any, want string) bool {
	if list, ok := v.([]any); ok {
		for _, v := range list {
			if v == want {
				return true
			}
		}
	}
	return v == want
}

// object decodes one JSON object. It refuses invalid UTF-8 (except in the e-mail),
// duplicate names, and reserved names given more than once with different case.
func object(data []byte, reserved ...string) (map[string]any, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	result, folded := map[string]any{}, map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, isText := t.(string)
		if err != nil || !isText {
			return nil, false
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return nil, false
		}
		if _, twice := result[name]; twice || name != "email" && !strict(value) {
			return nil, false
		}
		for _, w := range reserved {
			if strings.EqualFold(w, name) {
				if folded[w] {
					return nil, false
				}
				folded[w] = true
			}
		}
		number := json.NewDecoder(bytes.NewReader(value))
		number.UseNumber() // a number beyond float64 matters only in a claim that is read
		var v any
		if number.Decode(&v) != nil {
			return nil, false
		}
		if n, ok := v.(json.Number); ok && name != "sub" {
			if f, err := n.Float64(); err == nil {
				v = f
			}
		}
		result[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	_, err := dec.Token()
	return result, err == io.EOF
}

// strict reports whether no object in value has duplicate names and all of it is
// valid UTF-8, escapes included.
func strict(value []byte) bool {
	if !utf8.Valid(value) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var names []map[string]bool // nil for an array
	expectName := false
	for {
		t, err := dec.Token()
		if err != nil {
			return err == io.EOF
		}
		inObject := len(names) > 0 && names[len(names)-1] != nil
		switch t {
		case json.Delim('{'):
			names, expectName = append(names, map[string]bool{}), true
			continue
		case json.Delim('['):
			names, expectName = append(names, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			names = names[:len(names)-1]
			expectName = len(names) > 0 && names[len(names)-1] != nil
			continue
		}
		if inObject && expectName {
			name, _ := t.(string)
			if names[len(names)-1][name] {
				return false
			}
			names[len(names)-1][name] = true
		}
		expectName = inObject && !expectName
	}
}

// FuzzParseKey parses arbitrary keys: none may cause a panic or become a key without
// an algorithm.
func FuzzParseKey(f *testing.F) {
	iss := authtest.New(f)
	for _, alg := range authtest.KeySetAlgs {
		f.Add("{" + jwkMembers(iss, alg) + "}")
	}
	f.Fuzz(func(t *testing.T, raw string) {
		alg, material, err := auth.ParseKey([]byte(raw))
		if err == nil && (alg == "" || material == nil) {
			t.Errorf("a key for %q: %v", alg, material)
		}
	})
}
