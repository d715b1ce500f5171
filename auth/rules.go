package auth

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// leeway is how far the clocks of issuer and server may differ.
const leeway = 30 * time.Second

// rules is a policy ready for golang-jwt.
type rules struct {
	Policy
	parser    *jwt.Parser
	validator *jwt.Validator
}

func newRules(p Policy, algs ...string) *rules {
	if p.UserClaim == "" {
		p.UserClaim = "sub"
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algs),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
	}
	if p.Issuer != "" {
		options = append(options, jwt.WithIssuer(p.Issuer))
	}
	if p.Audience != "" {
		options = append(options, jwt.WithAudience(p.Audience))
	}
	return &rules{Policy: p, parser: jwt.NewParser(options...), validator: jwt.NewValidator(options...)}
}

// check verifies signature and claims, in this order, and fills c.
func (r *rules) check(token string, k *key, c *claims) error {
	_, err := r.parser.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return k.material, nil })
	return err
}

// CheckUserClaim refuses a user claim that means something else (RFC 7519, section
// 4.1): by iss, every user of an issuer would be one.
func CheckUserClaim(claim string) error {
	name, _, _ := strings.Cut(claim, ".")
	if slices.Contains([]string{"iss", "aud", "exp", "nbf", "iat"}, name) {
		return fmt.Errorf("auth: the user claim cannot be %q: %q has another meaning", claim, name)
	}
	return nil
}
