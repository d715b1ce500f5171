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

// keepSecret returns the HS256 secret in a file, which it makes at the first time.
func keepSecret(path string) (string, error) {
	secret, err := keep(path, func() ([]byte, error) { return []byte(rand.Text() + rand.Text() + "\n"), nil })
	return strings.TrimSpace(string(secret)), err
}

// keepKey returns the Ed25519 key in a file, which it makes at the first time.
func keepKey(path string) (ed25519.PrivateKey, error) {
	_, err := keep(path, func() ([]byte, error) {
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

// keep returns what is in a file that its owner alone can read.
func keep(path string, make func() ([]byte, error)) ([]byte, error) {
	content, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		return content, err
	}
	if content, err = make(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return content, os.WriteFile(path, content, 0o600)
}

// publish serves the public half of a key as a key set, in front of the API and
// to pages of every origin.
func publish(key ed25519.PrivateKey) (func(http.Handler) http.Handler, error) {
	set, err := auth.PublicJWKS(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != keySetPath || r.Method != http.MethodGet {
				api.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/jwk-set+json")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write(set)
		})
	}, nil
}
