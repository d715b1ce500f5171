package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxTokenBytes is the length of the longest token that is parsed.
const maxTokenBytes = 16 << 10

// header holds the parameters of a token's header (RFC 7515, section 4) that are
// used. They are not verified, so they only choose among trusted keys.
type header struct{ alg, kid string }

// tokenTypes are the media types of a JWT (RFC 7519, section 5.1) and of an OAuth access
// token (RFC 9068, section 2.1), without "application/" too (RFC 7515, section 4.1.9).
var tokenTypes = []string{"jwt", "application/jwt", "at+jwt", "application/at+jwt"}

var headerNames = []string{"alg", "kid", "typ", "crit", "b64", "zip"}

// parse checks the form of a token and reads its header. It is stricter than
// golang-jwt, which tolerates line breaks in segments, names that differ only in
// case, and extensions it does not know.
func parse(token string) (header, error) {
	if len(token) > maxTokenBytes {
		return header{}, fmt.Errorf("longer than %d bytes", maxTokenBytes)
	}
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return header{}, fmt.Errorf("%d segments, not 3", len(segments))
	}
	for i, s := range segments {
		if s == "" {
			return header{}, fmt.Errorf("segment %d is empty", i+1)
		}
		if strings.Trim(s, base64url) != "" {
			return header{}, fmt.Errorf("segment %d is not base64url", i+1)
		}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(segments[0])
	if err != nil {
		return header{}, fmt.Errorf("header: %w", err)
	}
	return parseHeader(raw)
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func parseHeader(raw []byte) (h header, err error) {
	err = eachMember(raw, headerNames, func(name string, v jsontext.Value) error {
		ok := v.IsValid()
		switch name {
		case "alg":
			h.alg, ok = stringValue(v)
		case "kid":
			h.kid, ok = stringValue(v)
		case "typ":
			typ, isText := stringValue(v)
			ok = isText && slices.Contains(tokenTypes, strings.ToLower(typ))
		case "b64":
			ok = v.Kind() == jsontext.KindTrue
		case "crit", "zip":
			ok = false
		}
		if !ok {
			return fmt.Errorf("%q is not acceptable", name)
		}
		return nil
	})
	if err == nil && h.alg == "" {
		err = errors.New(`no "alg"`)
	}
	if err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	return h, nil
}

// eachMember calls f for each member of a JSON object. It returns an error if a
// name is given more than once, or if two names differ only in case from the same
// one of reserved. A value is well-formed JSON, but may hold invalid UTF-8; it is
// valid until f returns.
func eachMember(object []byte, reserved []string, f func(name string, v jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowInvalidUTF8(true))
	if t, err := dec.ReadToken(); err != nil {
		return err
	} else if t.Kind() != jsontext.KindBeginObject {
		return errors.New("not a JSON object")
	}
	seen := make([]bool, len(reserved))
	for dec.PeekKind() != jsontext.KindEndObject {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		name, ok := stringValue(raw)
		if !ok {
			return errors.New("a member name is not valid UTF-8")
		}
		for i, w := range reserved {
			if !strings.EqualFold(w, name) {
				continue
			}
			if seen[i] {
				return fmt.Errorf("%q is given more than once with different case", w)
			}
			seen[i] = true
		}
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := f(name, v); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

// stringValue decodes a JSON string. ok is false if v is of another type or not
// valid UTF-8.
func stringValue(v jsontext.Value) (s string, ok bool) {
	if v.Kind() != jsontext.KindString {
		return "", false
	}
	raw, err := jsontext.AppendUnquote(nil, v)
	return string(raw), err == nil
}
