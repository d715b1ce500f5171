package auth

import (
	"context"
	"unicode"
	"unicode/utf8"
)

// Identity is who a verified token speaks for.
type Identity struct {
	// UserID is what [ValidUserID] accepts; compare it whole.
	UserID string
	// Email is the token's "email" claim: at most 320 characters and none of
	// them a control character. It is empty when the token has none, or an odd
	// one: an e-mail address never refuses a token. Nobody has checked that it
	// is an address.
	Email string
}

type contextKey struct{}

// NewContext returns a context that carries id.
func NewContext(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// FromContext returns the identity that [NewContext] put there.
func FromContext(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(contextKey{}).(Identity)
	return id, ok
}

// ValidUserID reports whether s can be a user's id: 1 to 255 bytes of valid
// UTF-8 without control characters.
func ValidUserID(s string) bool {
	return s != "" && len(s) <= 255 && printable(s)
}

// validEmail uses the longest address that RFC 5321 allows, 64+1+255.
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
