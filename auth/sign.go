package auth

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SignHS256 returns a token for development, which a [Verifier] with this secret
// and policy accepts until ttl has passed.
func SignHS256(secret []byte, p Policy, id Identity, ttl time.Duration) (string, error) {
	if err := checkSecret(algorithmNamed("HS256"), secret); err != nil {
		return "", err
	}
	return sign(jwt.SigningMethodHS256, secret, "", p, id, ttl)
}

// SignEdDSA is like [SignHS256] but signs with an Ed25519 key, for a verifier of
// the key set that [PublicJWKS] returns.
func SignEdDSA(k ed25519.PrivateKey, p Policy, id Identity, ttl time.Duration) (string, error) {
	if len(k) != ed25519.PrivateKeySize {
		return "", errors.New("auth: not an Ed25519 private key")
	}
	return sign(jwt.SigningMethodEdDSA, k, Thumbprint(k.Public().(ed25519.PublicKey)), p, id, ttl)
}

func sign(m jwt.SigningMethod, k any, kid string, p Policy, id Identity, ttl time.Duration) (string, error) {
	if !ValidUserID(id.UserID) {
		return "", errors.New("auth: a user id must have 1 to 255 bytes and no control characters")
	}
	if ttl <= 0 {
		return "", errors.New("auth: the lifetime of a token must be positive")
	}
	now := time.Now()
	c := jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(ttl).Unix()}
	for name, value := range map[string]string{"iss": p.Issuer, "aud": p.Audience, "email": id.Email} {
		if value != "" {
			c[name] = value
		}
	}
	if err := setUserClaim(c, p.UserClaim, id.UserID); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(m, c)
	if kid != "" {
		t.Header["kid"] = kid
	}
	return t.SignedString(k)
}

// setUserClaim sets the user claim as a verifier reads it. A claim that looks like
// a URL is a single name, whose dots separate nothing; any other is a dotted path.
func setUserClaim(c map[string]any, claim, id string) error {
	if claim == "" {
		claim = "sub"
	}
	path := []string{claim}
	if !strings.ContainsAny(claim, ":/") {
		path = strings.Split(claim, ".")
	}
	if err := CheckUserClaim(claim); err != nil {
		return err
	}
	for _, name := range path[:len(path)-1] {
		next := map[string]any{}
		c[name] = next
		c = next
	}
	c[path[len(path)-1]] = id
	return nil
}
