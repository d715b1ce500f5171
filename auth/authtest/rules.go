package authtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// badHeaders returns tokens with an unacceptable header and a genuine signature.
func (i *Issuer) badHeaders(alg string) (list []Attack) {
	payload := encode(i.Claims(nil))
	good := strings.TrimSuffix(i.header(alg), "}")
	for _, more := range []string{
		`"alg":"none"`, `"ALG":"none"`, `"Alg":"` + alg + `"`, `"\u0061lg":"` + alg + `"`, `"KID":"x"`, `"\u212aid":"x"`, `"typ":"JWT"`, `"Typ":"JWT"`,
		`"crit":["exp"]`, `"crit":[]`, `"crit":null`, `"crit":["b64"],"b64":false`, `"crit":["b64"],"b64":true`,
		`"b64":false`, `"b64":"true"`, `"b64":null`, `"zip":"DEF"`, `"zip":null`, `"x":1,"x":2`, `"x":{"y":1,"y":2}`,
		`"x":1e`, `"x":`, `"x":"` + "\xff" + `"`, `"` + "\xff" + `":1`, `"x":"\ud800"`, `x:1`, `"x":1,`,
	} {
		list = append(list, Attack{"header with " + more, i.Sign(alg, good+","+more+"}", payload)})
	}
	untyped := strings.Replace(good, `"typ":"JWT"`, `"typ":`, 1)
	for _, typ := range []string{
		`""`, `"JWS"`, `"JWE"`, `"JOSE"`, `"JOSE+JSON"`, `"secevent+jwt"`, `"dpop+jwt"`, `"logout+jwt"`, `"id+jwt"`, `" JWT"`, `"JWT "`, `"application/"`, `"application/id+jwt"`,
		`"application/application/jwt"`, `"application/jwt;x=y"`, `"text/jwt"`, `null`, `1`, `["JWT"]`,
	} {
		list = append(list, Attack{"typ " + typ, i.Sign(alg, untyped+typ+"}", payload)})
	}
	for _, h := range []string{"", "null", "[]", `"x"`, "1", good, good + "}}", good + "} {}", " ", "\ufeff" + good + "}", "[" + good + "}]"} {
		list = append(list, Attack{fmt.Sprintf("header is %.20q", h), i.Sign(alg, h, payload)})
	}
	return list
}

// badClaims returns tokens with unacceptable claims and a genuine signature.
func (i *Issuer) badClaims(alg string) (list []Attack) {
	now := time.Now().Unix()
	for _, c := range []struct {
		name    string
		changes map[string]any
	}{
		{"expired", map[string]any{"exp": now - 31}},
		{"expired long ago", map[string]any{"exp": 0}},
		{"no exp", map[string]any{"exp": nil}},
		{"exp as text", map[string]any{"exp": fmt.Sprint(now + 3600)}},
		{"exp as date", map[string]any{"exp": "2099-01-01T00:00:00Z"}},
		{"exp true", map[string]any{"exp": true}},
		{"exp in an array", map[string]any{"exp": []int64{now + 3600}}},
		{"exp 1e308", map[string]any{"exp": 1e308}},
		{"exp in the year 10000", map[string]any{"exp": 253402300800}},
		{"exp in milliseconds", map[string]any{"exp": (now + 3600) * 1000}},
		{"exp below zero", map[string]any{"exp": -1}},
		{"nbf in the future", map[string]any{"nbf": now + 1800}},
		{"nbf 1e308", map[string]any{"nbf": 1e308}},
		{"nbf -1e308", map[string]any{"nbf": -1e308}},
		{"nbf as text", map[string]any{"nbf": fmt.Sprint(now)}},
		{"iat in the future", map[string]any{"iat": now + 1800}},
		{"iat as text", map[string]any{"iat": fmt.Sprint(now)}},
		{"iat 1e308", map[string]any{"iat": 1e308}},
		{"no issuer", map[string]any{"iss": nil}},
		{"empty issuer", map[string]any{"iss": ""}},
		{"another issuer", map[string]any{"iss": "https://evil.example"}},
		{"issuer with a slash", map[string]any{"iss": i.Policy.Issuer + "/"}},
		{"issuer in upper case", map[string]any{"iss": strings.ToUpper(i.Policy.Issuer)}},
		{"issuer in an array", map[string]any{"iss": []string{i.Policy.Issuer}}},
		{"no audience", map[string]any{"aud": nil}},
		{"empty audience", map[string]any{"aud": ""}},
		{"no audience in the array", map[string]any{"aud": []string{}}},
		{"another audience", map[string]any{"aud": "https://other.example"}},
		{"other audiences", map[string]any{"aud": []string{"https://other.example", i.Policy.Audience + "/"}}},
		{"audience with a number", map[string]any{"aud": []any{i.Policy.Audience, 1}}},
		{"audience in an object", map[string]any{"aud": map[string]any{"x": i.Policy.Audience}}},
		{"no user", map[string]any{"sub": nil}},
		{"empty user", map[string]any{"sub": ""}},
		{"user a number below zero", map[string]any{"sub": -42}},
		{"user a fraction", map[string]any{"sub": 4.2}},
		{"user a whole number with a point", map[string]any{"sub": json.RawMessage("42.0")}},
		{"user a whole number with an exponent", map[string]any{"sub": json.RawMessage("1e3")}},
		{"user zero with a sign", map[string]any{"sub": json.RawMessage("-0")}},
		{"user of 256 digits", map[string]any{"sub": json.RawMessage(strings.Repeat("7", 256))}},
		{"user of a number in an array", map[string]any{"sub": []int{42}}},
		{"user true", map[string]any{"sub": true}},
		{"user in an array", map[string]any{"sub": []string{User.UserID}}},
		{"user in an object", map[string]any{"sub": map[string]any{"id": User.UserID}}},
		{"user with NUL", map[string]any{"sub": "a\x00b"}},
		{"user with a newline", map[string]any{"sub": "a\n"}},
		{"user with DEL", map[string]any{"sub": "a\x7f"}},
		{"user with a C1 control", map[string]any{"sub": "a\u0085"}},
		{"user of 256 bytes", map[string]any{"sub": strings.Repeat("u", 256)}},
		{"user claim in upper case", map[string]any{"sub": nil, "SUB": User.UserID}},
	} {
		list = append(list, Attack{c.name, i.Token(alg, c.changes)})
	}
	good := strings.TrimSuffix(encode(i.Claims(nil)), "}")
	for _, more := range []string{
		`"sub":"victim"`, `"SUB":"victim"`, `"Sub":"victim"`, `"ſub":"victim"`, `"\u0073ub":"victim"`, `"s\u0075b":"victim"`,
		`"EXP":9999999999`, `"Exp":1`, `"iss":"x"`, `"ISS":"x"`, `"AUD":"x"`, `"Iat":1`, `"nbf":1,"NBF":2`, `"EMAIL":"x"`,
		`"exp":9999999999`, `"nbf":null`, `"x":1,"x":1`, `"x":{"y":1,"y":1}`, `"x":[{"y":1,"y":1}]`,
		`"x":"` + "\xff" + `"`, `"x":"\ud800"`, `"` + "\xff" + `":1`, `"x":{"` + "\xff" + `":1}`, `"x":"` + "\n" + `"`, `"x":NaN`, `"nbf":1e999`, `"nbf":00`, `'x':1`, `"x":1,`, `//`,
	} {
		list = append(list, Attack{"claims with " + more, i.Sign(alg, i.header(alg), good+","+more+"}")})
	}
	for _, user := range []string{"\xff", "a\xc0\xaf", `\ud800`, `\udc00x`, "\xed\xa0\x80"} {
		payload := strings.Replace(good, User.UserID, user, 1) + "}"
		list = append(list, Attack{fmt.Sprintf("user %q", user), i.Sign(alg, i.header(alg), payload)})
	}
	for _, p := range []string{"", "null", "[]", "{}", `"x"`, "1", good, good + "}}", good + "}{}", "[" + good + "}]", "\ufeff" + good + "}", strings.Repeat("[", 5000)} {
		list = append(list, Attack{fmt.Sprintf("claims are %.20q", p), i.Sign(alg, i.header(alg), p)})
	}
	return list
}
