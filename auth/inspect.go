package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Check is the result of one step of verifying a token.
type Check struct {
	Name   string // form, key, claims, signature, exp, nbf, iat, lifetime, iss, aud, user or email
	OK     bool
	Detail string // for people; it may contain claims, never the token
}

// Inspect verifies a token as [Verifier.Verify] does, without the cache, and
// returns the result of each check. Verify accepts the token if all are OK. The
// list ends with the first check on which all further ones depend; those after a
// wrong signature are still made.
func (v *Verifier) Inspect(ctx context.Context, token string) []Check {
	h, err := parse(token)
	if err != nil {
		return []Check{{"form", false, err.Error()}}
	}
	list := []Check{{"form", true, fmt.Sprintf("%d bytes, alg %q, kid %q", len(token), clip(h.alg), clip(h.kid))}}
	k, c, verdict, err := v.check(ctx, token, h)
	if err != nil {
		return append(list, Check{"key", false, strings.TrimPrefix(err.Error(), "auth: ")})
	}
	list = append(list, Check{"key", true, k.describe()})
	if errors.Is(verdict, jwt.ErrTokenSignatureInvalid) {
		verdict = errors.Join(verdict, k.rules.validator.Validate(c))
	}
	details := c.details(k.rules.Policy)
	if errors.Is(verdict, jwt.ErrTokenSignatureInvalid) {
		details["signature"] = "does not match that key"
	}
	for _, check := range checks {
		last := &list[len(list)-1]
		switch bad := errors.Is(verdict, check.err); {
		case bad && check.err == jwt.ErrTokenMalformed:
			return append(list, Check{check.name, false, verdict.Error()})
		case last.Name == check.name:
			last.OK = last.OK && !bad
		default:
			list = append(list, Check{check.name, !bad, details[check.name]})
		}
	}
	return append(list, Check{"email", true, details["email"]})
}

func (k *key) describe() string {
	if algorithmNamed(k.alg).secret() {
		return "the shared secret"
	}
	return fmt.Sprintf("%s key %q of the key set", k.alg, clip(k.id))
}

// details describes, by check, the values of the claims and what p requires.
func (c *claims) details(p Policy) map[string]string {
	user := fmt.Sprintf("claim %q is %q", p.UserClaim, c.UserID)
	if err := c.checkUser(); err != nil {
		user = strings.TrimPrefix(err.Error(), errUser.Error()+": ")
	}
	email := "none that can be used; the token does not need one"
	if c.Email != "" {
		email = fmt.Sprintf("%q", c.Email)
	}
	return map[string]string{
		"claims":    "well formed",
		"signature": "matches that key",
		"exp":       formatDate(c.exp),
		"nbf":       formatDate(c.nbf),
		"iat":       formatDate(c.iat),
		"lifetime":  c.lifetimeText(),
		"iss":       fmt.Sprintf("is %q, %s", c.iss, requirement(p.Issuer)),
		"aud":       fmt.Sprintf("is %q, %s", []string(c.aud), requirement(p.Audience)),
		"user":      user,
		"email":     email,
	}
}

func formatDate(d *jwt.NumericDate) string {
	if d == nil {
		return "absent"
	}
	return d.UTC().Format("2006-01-02 15:04:05 UTC")
}

func requirement(s string) string {
	if s == "" {
		return "not checked"
	}
	return fmt.Sprintf("must be %q", s)
}
