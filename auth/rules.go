package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// leeway is how far the clocks of issuer and server may differ.
const leeway = 30 * time.Second

// rules is a Policy as golang-jwt checks it.
type rules struct {
	Policy
	maxTTL    time.Duration // 0 for any
	parser    *jwt.Parser
	validator *jwt.Validator
}

func newRules(p Policy, maxTTL time.Duration, algs ...algorithm) *rules {
	if p.UserClaim == "" {
		p.UserClaim = "sub"
	}
	var methods []string
	for _, a := range algs {
		methods = append(methods, a.name)
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(methods),
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
	return &rules{Policy: p, maxTTL: maxTTL, parser: jwt.NewParser(options...), validator: jwt.NewValidator(options...)}
}

// check verifies signature and claims, in this order, and fills c.
func (r *rules) check(token string, k *key, c *claims) error {
	_, err := r.parser.ParseWithClaims(token, c, func(t *jwt.Token) (any, error) {
		if t.Method.Alg() != k.alg {
			return nil, fmt.Errorf("the key is for %s", k.alg)
		}
		return k.material, nil
	})
	return err
}

// CheckUserClaim returns an error if claim is a registered claim with another
// meaning (RFC 7519, section 4.1): with "iss", all users of an issuer would share
// one identity. Nor may a part of a path be empty; a claim that looks like a URL is a
// single name.
func CheckUserClaim(claim string) error {
	if claim != "" && !strings.ContainsAny(claim, ":/") && slices.Contains(strings.Split(claim, "."), "") {
		return errors.New("auth: the user claim has a dot too many: a path is names with one dot between them, such as user.id")
	}
	name, _, _ := strings.Cut(claim, ".")
	if slices.Contains([]string{"iss", "aud", "exp", "nbf", "iat"}, name) {
		return fmt.Errorf("auth: the user claim cannot be %q: %q has another meaning", claim, name)
	}
	return nil
}
