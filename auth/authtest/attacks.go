package authtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Attack is a token that no verifier must accept.
type Attack struct{ Name, Token string }

// Attacks returns forged, malformed and misused tokens based on genuine ones of alg.
func (i *Issuer) Attacks(alg string) []Attack {
	return slices.Concat(
		i.unsigned(alg), i.confused(alg), i.badSignatures(alg), i.badForm(alg),
		i.attackerKeys(alg), i.badHeaders(alg), i.badClaims(alg),
	)
}

// unsigned returns tokens with spellings of "alg":"none", with and without a
// signature.
func (i *Issuer) unsigned(alg string) (list []Attack) {
	payload := encode(i.Claims(nil))
	genuine := signature(i.Token(alg, nil))
	for _, none := range []string{"none", "None", "NONE", "nOnE", "", " none", "none\x00", "nоne", "null"} {
		for _, sig := range []string{"", genuine, "AA"} {
			h := encode(map[string]any{"alg": none, "typ": "JWT", "kid": i.Key(alg).ID})
			list = append(list, Attack{fmt.Sprintf("alg %q, signature %.4q", none, sig), b64(h) + "." + b64(payload) + "." + sig})
		}
	}
	for _, h := range []string{`{}`, `{"typ":"JWT"}`, `{"alg":null}`, `{"alg":[]}`, `{"alg":["none"]}`, `{"alg":0}`, `{"Alg":"none"}`} {
		list = append(list, Attack{"header " + h, b64(h) + "." + b64(payload) + "." + genuine})
	}
	return list
}

// confused returns tokens whose algorithm is not that of the key: public keys used
// as HMAC secrets, and other algorithms named over genuine signatures.
func (i *Issuer) confused(alg string) (list []Attack) {
	payload := encode(i.Claims(nil))
	for _, victim := range KeySetAlgs {
		k := i.Key(victim)
		for form, secret := range publicForms(k, victim) {
			for _, kid := range []string{"", k.ID} {
				h := encode(map[string]any{"alg": "HS256", "kid": kid})
				list = append(list, Attack{
					fmt.Sprintf("HS256 with the %s key as %s, kid %q", victim, form, kid),
					sign("HS256", secret, h, payload),
				})
			}
		}
	}
	genuine := i.Token(alg, nil)
	for _, other := range []string{
		"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K",
		"EdDSA", "Ed25519", "Ed448", "hs256", "Hs256", "eddsa", "es256", "rs256", "HS256 ", "A128KW", "dir",
	} {
		if other == alg {
			continue
		}
		h := encode(map[string]any{"alg": other, "kid": i.Key(alg).ID})
		list = append(list,
			Attack{"renamed to " + other, b64(h) + "." + b64(payload) + "." + signature(genuine)},
			Attack{"signed by " + alg + " as " + other, i.Sign(alg, h, payload)},
		)
	}
	for _, other := range Algs {
		if other != alg {
			h := encode(map[string]any{"alg": other, "kid": i.Key(alg).ID + "x"})
			list = append(list, Attack{"a " + other + " token with an unknown kid", b64(h) + "." + b64(payload) + "." + signature(genuine)})
		}
	}
	return list
}

func publicForms(k Key, alg string) map[string][]byte {
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	must(err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	forms := map[string][]byte{
		"PEM":                   block,
		"PEM without a newline": []byte(strings.TrimSpace(string(block))),
		"DER":                   der,
		"base64 of DER":         []byte(base64.StdEncoding.EncodeToString(der)),
		"JWK":                   []byte(encode(k.jwk(alg))),
		"JWKS":                  []byte(encode(map[string]any{"keys": []any{k.jwk(alg)}})),
	}
	switch p := k.Public().(type) {
	case ed25519.PublicKey:
		forms["raw bytes"] = p
	case *rsa.PublicKey:
		der := x509.MarshalPKCS1PublicKey(p)
		forms["PKCS #1 DER"] = der
		forms["PKCS #1 PEM"] = pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: der})
	}
	return forms
}

func (i *Issuer) badSignatures(alg string) (list []Attack) {
	t := i.Token(alg, nil)
	text := t[:strings.LastIndexByte(t, '.')+1]
	raw := decode(signature(t))
	add := func(name string, sig []byte) {
		list = append(list, Attack{name, text + b64(string(sig))})
	}
	add("signature blank", nil)
	add("signature of zeros", make([]byte, len(raw)))
	add("signature without its last byte", raw[:len(raw)-1])
	add("signature without its first byte", raw[1:])
	add("half a signature", raw[:len(raw)/2])
	add("one byte of signature", raw[:1])
	add("signature and a zero byte", append(slices.Clone(raw), 0))
	add("signature twice", append(slices.Clone(raw), raw...))
	add("signature of another token", decode(signature(i.Token(alg, map[string]any{"jti": "other"}))))
	add("signature as text", []byte(signature(t)))
	if k, ok := i.Key(alg).Signer.(*ecdsa.PrivateKey); ok {
		n, size := k.Params().N, len(raw)/2
		r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
		pair := func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
		zero := new(big.Int)
		add("r = 0", pair(zero, s))
		add("s = 0", pair(r, zero))
		add("r = s = n", pair(n, n))
		add("r = s", pair(r, r))
		add("r and s swapped", pair(s, r))
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		must(err)
		add("signature in DER", der)
	}
	segments := strings.Split(t, ".")
	for n, segment := range segments {
		raw := decode(segment)
		for at := range raw {
			flipped := slices.Clone(raw)
			flipped[at] ^= 1 << (at % 8)
			changed := slices.Clone(segments)
			changed[n] = b64(string(flipped))
			list = append(list, Attack{fmt.Sprintf("segment %d with a bit of byte %d flipped", n+1, at), strings.Join(changed, ".")})
		}
	}
	return list
}

// badForm returns genuine tokens in a form that RFC 7515 does not allow.
func (i *Issuer) badForm(alg string) (list []Attack) {
	t := i.Token(alg, nil)
	s := strings.Split(t, ".")
	add := func(name, token string) { list = append(list, Attack{name, token}) }
	for _, space := range []string{" ", "\t", "\n", "\r\n", "\x00", "=", "==", "+", "/", "%", ",", "\u00a0", "ſ"} {
		for n := range s {
			head, tail := slices.Clone(s), slices.Clone(s)
			middle, half := slices.Clone(s), len(s[n])/2
			head[n] = space + s[n]
			middle[n] = s[n][:half] + space + s[n][half:]
			tail[n] = s[n] + space
			add(fmt.Sprintf("%q before segment %d", space, n+1), strings.Join(head, "."))
			add(fmt.Sprintf("%q within segment %d", space, n+1), strings.Join(middle, "."))
			add(fmt.Sprintf("%q after segment %d", space, n+1), strings.Join(tail, "."))
		}
	}
	for n, segment := range s {
		if len(segment)%4 != 0 {
			const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := len(segment) - 1
			changed := slices.Clone(s)
			changed[n] = segment[:last] + string(digits[strings.IndexByte(digits, segment[last])|1])
			add(fmt.Sprintf("unused bits set in segment %d", n+1), strings.Join(changed, "."))
		}
		changed := slices.Clone(s)
		changed[n] = ""
		add(fmt.Sprintf("segment %d empty", n+1), strings.Join(changed, "."))
		add(fmt.Sprintf("segment %d left out", n+1), strings.Join(slices.Delete(slices.Clone(s), n, n+1), "."))
	}
	add("two dots only", "..")
	add("one dot", ".")
	add("one letter", "e")
	add("four segments", t+"."+s[2])
	add("a dot behind", t+".")
	add("a dot before", "."+t)
	add("five segments", t+".."+s[2])
	add("in JSON serialization", encode(map[string]string{"protected": s[0], "payload": s[1], "signature": s[2]}))
	add("longer than 16 KiB", i.Token(alg, map[string]any{"pad": strings.Repeat("x", 16<<10)}))
	add("16 KiB of dots", strings.Repeat(".", 16<<10))
	add("in quotes", `"`+t+`"`)
	return list
}

// attackerKeys returns tokens signed with a key of the attacker.
func (i *Issuer) attackerKeys(alg string) (list []Attack) {
	payload := encode(i.Claims(nil))
	attacker := attackerKey(alg)
	add := func(name string, h map[string]any) {
		h["alg"] = alg
		list = append(list, Attack{name, sign(alg, attacker.Signer, encode(h), payload)})
	}
	add("an attacker's key without kid", map[string]any{})
	add("an attacker's key under a genuine kid", map[string]any{"kid": i.Key(alg).ID})
	for _, kid := range []any{
		"../../../../dev/null", "/dev/null", "' OR '1'='1", "x' UNION SELECT 'secret", "$(id)", "https://evil.example/jwks",
		"", "0", "\x00", strings.Repeat("k", 4000), 0, nil, true,
		[]string{i.Key(alg).ID},
		map[string]any{"$ne": ""},
	} {
		add(fmt.Sprintf("an attacker's key under kid %.20v", kid), map[string]any{"kid": kid})
	}
	if !slices.Contains(KeySetAlgs, alg) {
		for name, weak := range map[string][]byte{
			"empty": {}, "zero bytes": make([]byte, 32), "secret": []byte("secret"), "shortened": i.Secret[:len(i.Secret)-1],
			"a newline more": append(slices.Clone(i.Secret), '\n'), "base64": []byte(base64.StdEncoding.EncodeToString(i.Secret)),
		} {
			list = append(list, Attack{"secret: " + name, sign(alg, weak, `{"alg":"`+alg+`","kid":"../../dev/null"}`, payload)})
		}
		return list
	}
	der, err := x509.MarshalPKIXPublicKey(attacker.Public())
	must(err)
	for _, kid := range []string{i.Key(alg).ID, attacker.ID} {
		add("jwk in the header, kid "+kid, map[string]any{"kid": kid, "jwk": attacker.jwk(alg)})
		add("x5c in the header, kid "+kid, map[string]any{"kid": kid, "x5c": []string{base64.StdEncoding.EncodeToString(der)}})
		for _, name := range []string{"jku", "x5u"} {
			add(name+" in the header, kid "+kid, map[string]any{"kid": kid, name: i.URL + "/evil"})
		}
	}
	return list
}

func attackerKey(alg string) Key {
	if !slices.Contains(KeySetAlgs, alg) {
		return Key{"attacker", []byte("another secret that is long enough")}
	}
	return Key{"attacker", newKey(alg, -1)}
}

func signature(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }

func decode(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	must(err)
	return b
}
