package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 8 << 10

// header is what a token says of itself (RFC 7515, section 4): unverified, so
// good for nothing but choosing among keys that are trusted already.
type header struct{ alg, kid string }

var headerNames = []string{"alg", "kid", "typ", "crit", "b64", "zip"}

// parse checks the form of a token and reads its header. It is the strict door
// before golang-jwt, which tolerates line breaks in segments, two spellings of
// one name, and extensions it does not know.
func parse(token string) (header, error) {
	if len(token) > maxToken {
		return header{}, fmt.Errorf("longer than %d bytes", maxToken)
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
	err = members(raw, headerNames, func(name string, v jsontext.Value) error {
		ok := v.IsValid()
		switch name {
		case "alg":
			h.alg, ok = text(v)
		case "kid":
			h.kid, ok = text(v)
		case "typ":
			typ, isText := text(v)
			ok = isText && (strings.EqualFold(typ, "JWT") || strings.EqualFold(typ, "at+jwt"))
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

// members calls f with every member of a JSON object. Names given twice are
// refused, and so are spellings that differ in case only where they mean one of
// watched. Values are syntactically sound, but f must mind invalid UTF-8; they
// are gone when f returns.
func members(object []byte, watched []string, f func(name string, v jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowInvalidUTF8(true))
	if t, err := dec.ReadToken(); err != nil {
		return err
	} else if t.Kind() != jsontext.KindBeginObject {
		return errors.New("not a JSON object")
	}
	seen := make([]bool, len(watched))
	for dec.PeekKind() != jsontext.KindEndObject {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		name, ok := text(raw)
		if !ok {
			return errors.New("a name is not valid UTF-8")
		}
		for i, w := range watched {
			if !strings.EqualFold(w, name) {
				continue
			}
			if seen[i] {
				return fmt.Errorf("%q stands there in two spellings", w)
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

// text returns the JSON string v; it is not ok when v is something else or not
// valid UTF-8.
func text(v jsontext.Value) (string, bool) {
	if v.Kind() != jsontext.KindString {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}
