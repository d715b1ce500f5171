package auth

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SignHS256 makes a token for development that a [Verifier] with this secret
// and policy accepts for the time ttl.
func SignHS256(secret []byte, p Policy, id Identity, ttl time.Duration) (string, error) {
	if len(secret) < minSecret {
		return "", errShortSecret
	}
	return sign(jwt.SigningMethodHS256, secret, "", p, id, ttl)
}

// SignEdDSA is [SignHS256] with an Ed25519 key, for a verifier that has the
// key set of [PublicJWKS].
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
		return "", errors.New("auth: a token must live for more than no time")
	}
	now := time.Now()
	c := jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(ttl).Unix()}
	for name, value := range map[string]string{"iss": p.Issuer, "aud": p.Audience, "email": id.Email} {
		if value != "" {
			c[name] = value
		}
	}
	if err := setUser(c, p.UserClaim, id.UserID); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(m, c)
	if kid != "" {
		t.Header["kid"] = kid
	}
	return t.SignedString(k)
}

// setUser puts id where a verifier finds it: under the claim's very name if it
// looks like a URL (such names have dots that are no path), else at the end of
// the path.
func setUser(c map[string]any, claim, id string) error {
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
