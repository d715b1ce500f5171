package auth

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// Identity is the user that a verified token identifies.
type Identity struct {
	// UserID satisfies [ValidUserID]. It is opaque and compared byte for byte.
	UserID string
	// Email is the token's "email" claim: at most 320 characters, none of them a
	// control character. It is empty if the claim is missing or not such a
	// string, which does not invalidate the token. It need not be an address.
	Email string
	// Expires is the token's "exp". [SignHS256] and its like ignore it.
	Expires time.Time
}

// ValidUserID reports whether s is valid as a user's id: 1 to 255 bytes of valid
// UTF-8 without control characters.
func ValidUserID(s string) bool {
	return s != "" && len(s) <= 255 && printable(s)
}

// validEmail allows the longest address of RFC 5321, 64+1+255 characters.
func validEmail(s string) bool {
	return utf8.RuneCountInString(s) <= 320 && printable(s)
}

func printable(s string) bool {
	for i, r := range s {
		if unicode.IsControl(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}
