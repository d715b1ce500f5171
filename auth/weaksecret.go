package auth

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// A secret with fewer different bytes than minDistinct is refused, with fewer than
	// usualDistinct doubtful: 32 random hexadecimal digits have more in practice.
	minDistinct, usualDistinct = 5, 8
	makeSecret                 = "`openssl rand -base64 32` makes one"
)

// placeholders are what examples have where a secret belongs, without what is no letter or
// digit, and the default of Better Auth. None is so short that a random secret could hold
// it by chance.
var placeholders = []string{
	"changeme", "changethis", "changeit", "replaceme", "replacethis", "replacewith", "placeholder",
	"yoursecret", "yourbetterauthsecret", "yourjwtsecret", "yourauthsecret", "yoursupersecret", "yourownsecret", "yourrandom", "yoursecure", "yourkeyhere",
	"secrethere", "secretkeyhere", "insertsecret", "putyour", "insertyour", "generatea", "opensslrand",
	"betterauthsecret1234567890", "passwordpassword",
}

// phrases are those of secrets that somebody made up.
var phrases = []string{
	"examplesecret", "secretexample", "betterauthsecret", "supersecret", "mysecret", "topsecret", "atleast32", "minimum32", "32characters", "32randombytes",
	"thisisasecret", "notasecret", "notsecure", "insecuresecret", "correcthorsebatterystaple", "loremipsum", "todoinproduction",
}

// CheckSecret returns an error if value is no secret to sign tokens with: shorter than
// HS256 needs (RFC 7518, section 3.2), the placeholder of an example, or hardly more than
// one character. Whoever has the secret can be any user. The error has no part of the
// value.
func CheckSecret(value []byte) error {
	least := algorithmNamed("HS256").minBits / 8
	switch distinct := countDistinct(value); {
	case holds(value, placeholders):
		return errors.New("is the placeholder of an example, which anybody knows: " + makeSecret)
	case len(value) < least:
		return fmt.Errorf("has %d bytes, needs at least %d: %s", len(value), least, makeSecret)
	case distinct == 1:
		return errors.New("is one character, again and again: " + makeSecret)
	case distinct < minDistinct:
		return fmt.Errorf("has only %d different characters, which can be guessed: %s", distinct, makeSecret)
	}
	return nil
}

// secretWarning says why a secret that CheckSecret accepts might be guessed, "" if there is
// no sign of it.
func secretWarning(value []byte) string {
	const warning = "the HS256 secret %s, and may be guessed: " + makeSecret
	switch {
	case holds(value, phrases):
		return fmt.Sprintf(warning, "looks made up")
	case countDistinct(value) < usualDistinct:
		return fmt.Sprintf(warning, "has few different characters")
	case repeats(value):
		return fmt.Sprintf(warning, "is one piece of text, again and again")
	case isSequence(value):
		return fmt.Sprintf(warning, "is a row of neighbours, such as 1234 or abcd")
	}
	return ""
}

// holds reports whether value has one of the texts in it, whatever stands between their
// letters and digits.
func holds(value []byte, texts []string) bool {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(string(value)))
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(plain, text) })
}

func countDistinct(value []byte) int {
	var seen [256]bool
	count := 0
	for _, b := range value {
		if !seen[b] {
			seen[b] = true
			count++
		}
	}
	return count
}

// repeats reports whether value is a shorter piece twice or more often, the last time
// perhaps in part.
func repeats(value []byte) bool {
	for size := 1; size <= len(value)/2; size++ {
		if bytes.Equal(value[size:], value[:len(value)-size]) {
			return true
		}
	}
	return false
}

// isSequence reports whether most bytes are the one before, or its neighbour.
func isSequence(value []byte) bool {
	steps := 0
	for i := 1; i < len(value); i++ {
		if d := int(value[i]) - int(value[i-1]); -1 <= d && d <= 1 {
			steps++
		}
	}
	return 3*steps > 2*(len(value)-1)
}
