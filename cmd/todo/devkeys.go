package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/securetodo/securetodo/auth"
)

// devKeys adds keys of dev's own to those whose tokens c accepts: a secret and a key set,
// each unless the configuration has one. It returns a token for the demo user that is
// signed with one of them, and middleware that serves the key set.
//
// Never with a secret of the configuration: that is the issuer's, whose tokens other
// servers accept too. Where it leaves dev no place for a key, there is no token.
func devKeys(c *config, base, data string, hosts func(string) bool) (token string, keySet func(http.Handler) http.Handler, err error) {
	keyFile := filepath.Join(data, "key.pem")
	ownSecret, ownKey := c.Secret == "", c.JWKSURL == ""
	if ownSecret {
		if c.Secret, err = loadOrCreateSecret(filepath.Join(data, "secret")); err != nil {
			return "", nil, err
		}
	}
	if ownKey {
		key, err := loadOrCreateKey(keyFile)
		if err != nil {
			return "", nil, err
		}
		if keySet, err = withKeySet(key, hosts); err != nil {
			return "", nil, err
		}
		c.JWKSURL, c.JWKSAllowHTTP = base+keySetPath, true
	}
	demo := auth.Identity{UserID: demoUser, Email: demoUser + "@example.test"}
	switch {
	case ownSecret:
		token, err = c.sign(demo, c.lifetimeOf(demoTTL), "")
	case ownKey:
		token, err = c.sign(demo, c.lifetimeOf(demoTTL), keyFile)
	}
	return token, keySet, err
}

// loadOrCreateSecret returns the HS256 secret in a file, which it creates if missing.
func loadOrCreateSecret(path string) (string, error) {
	secret, err := loadOrCreate(path, func() ([]byte, error) { return []byte(rand.Text() + rand.Text() + "\n"), nil })
	return strings.TrimSpace(string(secret)), err
}

// loadOrCreateKey returns the Ed25519 key in a file, which it creates if missing.
func loadOrCreateKey(path string) (ed25519.PrivateKey, error) {
	_, err := loadOrCreate(path, func() ([]byte, error) {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		return auth.EncodeKey(key)
	})
	if err != nil {
		return nil, err
	}
	return auth.LoadKey(path)
}

// loadOrCreate returns the content of a file. If it does not exist, it writes what
// generate returns to it, readable by its owner only.
func loadOrCreate(path string, generate func() ([]byte, error)) ([]byte, error) {
	content, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		return content, err
	}
	if content, err = generate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return content, os.WriteFile(path, content, 0o600)
}

// withKeySet returns middleware that serves the public key of key as a key set, to
// pages of any origin, on the hosts that the API answers.
func withKeySet(key ed25519.PrivateKey, hosts func(string) bool) (func(http.Handler) http.Handler, error) {
	set, err := auth.PublicJWKS(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != keySetPath || r.Method != http.MethodGet || !hosts(r.Host) {
				api.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/jwk-set+json")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write(set)
		})
	}, nil
}
