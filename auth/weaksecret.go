package auth

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

const (
	// minDistinct is how many different bytes a secret needs. The fewest that 32 random
	// hexadecimal digits have in practice are more.
	minDistinct = 8
	makeSecret  = "`openssl rand -base64 32` makes one"
)

// placeholders are what examples have where a secret belongs, without what is no letter or
// digit. None is so short that a random secret could hold it by chance.
var placeholders = []string{
	"changeme", "changethis", "changeit", "replaceme", "replacethis", "replacewith", "placeholder", "examplesecret", "secretexample",
	"yoursecret", "yourbetterauthsecret", "yourjwtsecret", "yourauthsecret", "yoursupersecret", "yourownsecret", "yourrandom", "yoursecure", "yourkeyhere",
	"secrethere", "secretkeyhere", "betterauthsecret", "supersecret", "mysecret", "topsecret", "insertsecret", "putyour", "insertyour", "generatea", "opensslrand",
	"atleast32", "minimum32", "32characters", "32randombytes", "thisisasecret", "notasecret", "notsecure", "insecuresecret", "passwordpassword",
	"correcthorsebatterystaple", "loremipsum", "todoinproduction",
}

// CheckSecret returns an error if value is no secret to sign tokens with: shorter than
// HS256 needs (RFC 7518, section 3.2), the placeholder of an example, or so regular that
// somebody would guess it. Whoever has the secret can be any user. The error has no part
// of the value.
func CheckSecret(value []byte) error {
	text := strings.ToLower(string(value))
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	least := algorithmNamed("HS256").minBits / 8
	for _, placeholder := range placeholders {
		if strings.Contains(plain, placeholder) {
			return errors.New("is the placeholder of an example, which anybody knows: " + makeSecret)
		}
	}
	switch distinct := countDistinct(value); {
	case len(value) < least:
		return fmt.Errorf("has %d bytes, needs at least %d: %s", len(value), least, makeSecret)
	case distinct == 1:
		return errors.New("is one character, again and again: " + makeSecret)
	case distinct < minDistinct:
		return fmt.Errorf("has only %d different characters, which can be guessed: %s", distinct, makeSecret)
	case repeats(value):
		return errors.New("is one piece of text, again and again, which can be guessed: " + makeSecret)
	case isSequence(value):
		return errors.New("is a row of neighbours, such as 1234 or abcd, which can be guessed: " + makeSecret)
	}
	return nil
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
