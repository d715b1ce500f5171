package auth

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// claims is the claims set of a token (RFC 7519, section 4) in the form that
// golang-jwt validates. userClaim and maxTTL must be set before decoding.
type claims struct {
	userClaim string
	maxTTL    time.Duration // 0 for any

	Identity
	userErr       error
	iss           string
	aud           jwt.ClaimStrings
	exp, nbf, iat *jwt.NumericDate
}

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "email"}

// UnmarshalJSON decodes a claims set strictly. An unsuitable user claim is not an
// error here but in Validate, after the signature is verified.
func (c *claims) UnmarshalJSON(data []byte) error {
	path := strings.Split(c.userClaim, ".")
	reserved := registered
	for _, name := range []string{c.userClaim, path[0]} {
		if !slices.Contains(reserved, name) {
			reserved = append(slices.Clip(reserved), name)
		}
	}
	var named, nested jsontext.Value
	err := eachMember(data, reserved, func(name string, v jsontext.Value) error {
		if name != "email" && !v.IsValid() {
			return fmt.Errorf("%q is not valid UTF-8", name)
		}
		if name == c.userClaim {
			named = v.Clone()
		} else if name == path[0] {
			nested = v.Clone()
		}
		var err error
		switch name {
		case "iss":
			var ok bool
			if c.iss, ok = stringValue(v); !ok {
				err = errors.New("iss is not a string")
			}
		case "aud":
			c.aud, err = parseAudience(v)
		case "exp":
			c.exp, err = parseNumericDate(name, v)
		case "nbf":
			c.nbf, err = parseNumericDate(name, v)
		case "iat":
			c.iat, err = parseNumericDate(name, v)
		case "email":
			if s, ok := stringValue(v); ok && validEmail(s) {
				c.Email = s
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if named == nil {
		if named, err = lookup(nested, path[1:]); err != nil {
			return err
		}
	}
	c.UserID, c.userErr = c.parseUser(named)
	return nil
}

// lookup returns the value at a path of member names, nil if there is none.
func lookup(v jsontext.Value, path []string) (jsontext.Value, error) {
	for _, name := range path {
		if v.Kind() != jsontext.KindBeginObject {
			return nil, nil
		}
		var next jsontext.Value
		err := eachMember(v, []string{name}, func(n string, v jsontext.Value) error {
			if n == name {
				next = v.Clone()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		v = next
	}
	return v, nil
}

func (c *claims) parseUser(v jsontext.Value) (string, error) {
	if v == nil {
		return "", fmt.Errorf("%w: claim %q is missing", errUser, c.userClaim)
	}
	id, ok := stringValue(v)
	if v.Kind() == jsontext.KindNumber {
		// As it is written: a float64 has no place for the digits of a 64-bit id.
		id = string(v)
		ok = strings.Trim(id, "0123456789") == ""
	}
	if !ok {
		return "", fmt.Errorf("%w: claim %q is neither a string nor a whole number in digits", errUser, c.userClaim)
	}
	if !ValidUserID(id) {
		return "", fmt.Errorf("%w: claim %q is empty, longer than 255 bytes or has control characters", errUser, c.userClaim)
	}
	return id, nil
}

var errAudience = errors.New("aud is neither a string nor an array of strings")

func parseAudience(v jsontext.Value) (jwt.ClaimStrings, error) {
	if s, ok := stringValue(v); ok {
		return jwt.ClaimStrings{s}, nil
	}
	var values []jsontext.Value
	err := json.Unmarshal(v, &values)
	if err != nil || v.Kind() != jsontext.KindBeginArray {
		return nil, errAudience
	}
	aud := make(jwt.ClaimStrings, len(values))
	for i, v := range values {
		var ok bool
		if aud[i], ok = stringValue(v); !ok {
			return nil, errAudience
		}
	}
	return aud, nil
}

// parseNumericDate parses a NumericDate (RFC 7519, section 2) up to the end of the
// year 9999, since arithmetic on much later times overflows.
func parseNumericDate(name string, v jsontext.Value) (*jwt.NumericDate, error) {
	const year10000 = 253402300800
	f, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != jsontext.KindNumber || err != nil || f < 0 || f >= year10000 {
		return nil, fmt.Errorf("%s is not a number of seconds from 1970 to 9999", name)
	}
	sec, frac := math.Modf(f)
	return &jwt.NumericDate{Time: time.Unix(int64(sec), int64(frac*1e9))}, nil
}

// Validate implements [jwt.ClaimsValidator].
func (c *claims) Validate() error {
	if c.maxTTL != 0 && c.lifetime() > c.maxTTL {
		return errors.Join(fmt.Errorf("%w: %s", errLifetime, c.lifetimeText()), c.checkUser())
	}
	return c.checkUser()
}

func (c *claims) checkUser() error {
	if c.userErr == nil && c.UserID == "" {
		return errUser
	}
	return c.userErr
}

// lifetime is how long the token is valid, from its iat, else from now on: what it lacks
// must not make it valid for longer. Without an exp, which is refused anyway, it is 0.
func (c *claims) lifetime() time.Duration {
	switch {
	case c.exp == nil:
		return 0
	case c.iat != nil:
		return c.exp.Sub(c.iat.Time)
	}
	return time.Until(c.exp.Time)
}

func (c *claims) lifetimeText() string {
	text := c.lifetime().Round(time.Second).String()
	switch {
	case c.exp == nil:
		text = "without end"
	case c.iat == nil:
		text += " from now on (no iat)"
	}
	if c.maxTTL == 0 {
		return text + ", not limited"
	}
	return text + ", at most " + c.maxTTL.String()
}

// The getters of [jwt.Claims] return an error of their own for a missing claim,
// because golang-jwt's does not say which one is missing. It calls only the getters
// of claims that it checks.

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) {
	if c.exp == nil {
		return nil, errExpiry
	}
	return c.exp, nil
}

func (c *claims) GetIssuer() (string, error) {
	if c.iss == "" {
		return "", fmt.Errorf("%w: missing", jwt.ErrTokenInvalidIssuer)
	}
	return c.iss, nil
}

func (c *claims) GetAudience() (jwt.ClaimStrings, error) {
	if !slices.ContainsFunc(c.aud, func(s string) bool { return s != "" }) {
		return nil, fmt.Errorf("%w: missing", jwt.ErrTokenInvalidAudience)
	}
	return c.aud, nil
}

func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return c.nbf, nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)  { return c.iat, nil }
func (c *claims) GetSubject() (string, error)             { return c.UserID, nil }
