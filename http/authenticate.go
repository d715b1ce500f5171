package http

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/securetodo/securetodo/auth"
)

// authenticate refuses every request under /api/ without a verified token, and those of a
// user who sends too many: whatever they ask for, other users' paths included.
func (s *server) authenticate(next http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		if i := infoOf(r); i.inAPI() {
			token, err := auth.BearerToken(r.Header)
			if err == nil {
				i.identity, err = s.verifier.Verify(r.Context(), token)
			}
			if err != nil {
				return s.failures.count(r, err)
			}
			if err := s.rates.take(w.Header(), i.identity.UserID); err != nil {
				return err
			}
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// requireOwner is the first of the three checks: the verified user must be the path's.
func requireOwner(r *http.Request) error {
	// No token has an empty user id.
	if user := identityOf(r).UserID; user == "" || user != pathValue(r, "user_id") {
		return errForbidden
	}
	return nil
}

// identityOf returns the verified caller of a handler behind authenticate.
func identityOf(r *http.Request) auth.Identity { return infoOf(r).identity }

// userHash names a user in the log without naming them: the first 64 bits of
// SHA-256, in hexadecimal.
func userHash(userID string) string {
	sum := sha256.Sum256([]byte(userID))
	return string(hex.AppendEncode(make([]byte, 0, 16), sum[:8]))
}
