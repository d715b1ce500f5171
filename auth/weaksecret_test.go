package auth_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
)

func TestCheckSecretRefusesWhatAnybodyCanGuess(t *testing.T) {
	t.Parallel()
	for value, says := range map[string]string{
		"":                                      "has 0 bytes, needs at least 32",
		"hunter2":                               "has 7 bytes, needs at least 32",
		"change-me-to-at-least-32-random-bytes": "placeholder", // .env.example's, until it had none
		"change_me_please_change_me_please_0":   "placeholder",
		"better-auth-secret-12345678901234567890":                      "placeholder", // Better Auth's own default
		"better-auth-secret-123456789012345678901234567890":            "placeholder",
		"YOUR_SECRET_KEY_WITH_MORE_THAN_32_CHARACTERS":                 "placeholder",
		"your-super-secret-jwt-token-with-at-least-32-characters-long": "placeholder", // Supabase's
		"<your better auth secret goes in this place>":                 "placeholder",
		"generate-a-secret-with-openssl-rand-base64-32":                "placeholder",
		strings.Repeat("a", 32):                                        "one character",
		strings.Repeat("ab", 20):                                       "only 2 different characters",
	} {
		err := auth.CheckSecret([]byte(value))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "openssl rand -base64 32") {
			t.Errorf("%q: %v, want %q", value, err, says)
		}
		if err != nil && len(value) > 8 && strings.Contains(err.Error(), value[:8]) {
			t.Errorf("the error has a part of the secret: %v", err)
		}
	}
}

// TestVerifierWarnsOfASecretThatMayBeGuessed has those that are no example's.
func TestVerifierWarnsOfASecretThatMayBeGuessed(t *testing.T) {
	t.Parallel()
	for value, says := range map[string]string{
		"a-test-secret-of-at-least-32-characters":              "looks made up",
		"the supersecret of this company, of 2026":             "looks made up",
		strings.Repeat("secret", 6):                            "few different characters",
		strings.Repeat("0123456789", 4):                        "again and again",
		strings.Repeat("correct battery ", 2):                  "again and again",
		strings.Repeat("Tr0ub4dor&3-", 3)[:35]:                 "again and again",
		"abcdefghijklmnopqrstuvwxyz0123456789":                 "neighbours",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz": "neighbours",
		rand.Text() + rand.Text():                              "",
	} {
		if err := auth.CheckSecret([]byte(value)); err != nil {
			t.Errorf("%q: %v", value, err)
		}
		c := auth.Config{Secret: []byte(value), SecretPolicy: auth.Policy{Issuer: "issuer"}}
		warnings := strings.Join(c.Warnings(), "\n")
		if !strings.Contains(warnings, says) || says == "" && warnings != "" || strings.Contains(warnings, value) {
			t.Errorf("%q: %q, want %q", value, warnings, says)
		}
	}
}

func TestCheckSecretAcceptsRandomOnes(t *testing.T) {
	t.Parallel()
	for range 200 {
		random := make([]byte, 32)
		_, _ = rand.Read(random)
		for _, value := range []string{
			base64.StdEncoding.EncodeToString(random),
			base64.RawURLEncoding.EncodeToString(random[:24]), // 32 characters
			hex.EncodeToString(random),
			hex.EncodeToString(random[:16]),
			rand.Text() + rand.Text(), // what todo dev makes
			string(random),
		} {
			if err := auth.CheckSecret([]byte(value)); err != nil {
				t.Fatalf("%q: %v", value, err)
			}
		}
	}
}
