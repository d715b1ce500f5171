package auth

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrNoToken reports a request without a bearer token, to which the challenge has
// no error code (RFC 6750, section 3.1).
var ErrNoToken = errors.New("auth: no bearer token")

// ErrKeysUnavailable reports that there is no key to verify with because the key
// set could not be fetched, so that nothing is known about the token. Verify
// returns it as an [UnavailableError].
var ErrKeysUnavailable = errors.New("auth: no verification keys available")

// ErrKeyUnknownYet reports that the token names a key which the set did not have when it
// was last fetched, and that it cannot be fetched at the moment. It comes within an
// [UnavailableError].
var ErrKeyUnknownYet = errors.New("the key of the token is not known yet")

// UnavailableError is [ErrKeysUnavailable] with the time until the next fetch and
// the error of the last one.
type UnavailableError struct {
	RetryAfter time.Duration
	Cause      error
}

func (e *UnavailableError) Error() string {
	if e.Cause == nil {
		return ErrKeysUnavailable.Error()
	}
	return ErrKeysUnavailable.Error() + ": " + e.Cause.Error()
}

// Unwrap makes errors.Is find both ErrKeysUnavailable and the cause.
func (e *UnavailableError) Unwrap() []error { return []error{ErrKeysUnavailable, e.Cause} }

// Reason tells a client why its token is refused. The texts are fixed and may be
// sent as error_description (RFC 6750, section 3).
type Reason string

// The reasons to refuse a token.
const (
	Malformed    Reason = "the token is malformed"
	Expired      Reason = "the token has expired"
	TooLong      Reason = "the token is valid for longer than is accepted here"
	NotYetValid  Reason = "the token is not valid yet"
	WrongParty   Reason = "the token is for another issuer or audience"
	UnknownKey   Reason = "the token is signed with an unknown key"
	BadSignature Reason = "the signature of the token is wrong"
)

// Error is the error for a refused token. Its text and Attrs are for the log: they say
// which check failed, with the unverified key id and algorithm of the token, but never
// contain the token. Only Reason is for the client.
type Error struct {
	Reason Reason
	Alg    string
	Kid    string
	Cause  error
}

func (e *Error) Error() string { return "auth: " + string(e.Reason) + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Attrs returns what the log says of the error: the reason as error, the failed check as
// cause, and the key id and algorithm of the token where it names them, all texts.
func (e *Error) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("error", string(e.Reason)), slog.String("cause", clip(e.Cause.Error()))}
	if e.Alg != "" {
		attrs = append(attrs, slog.String("token_alg", clip(e.Alg)))
	}
	if e.Kid != "" {
		attrs = append(attrs, slog.String("token_kid", clip(e.Kid)))
	}
	return attrs
}

// clip shortens text that a client or an issuer chose, for the log.
func clip(s string) string {
	const limit = 100
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

var (
	errExpiry = errors.New("exp: missing")
	errUser   = errors.New("user")
	// errLifetime is a token that is valid for longer than MaxTTL.
	errLifetime = errors.New("lifetime")
)

// checks lists what golang-jwt verifies. If several checks fail, the first one
// gives the Reason.
var checks = []struct {
	name   string
	reason Reason
	err    error
}{
	{"claims", Malformed, jwt.ErrTokenMalformed},
	{"signature", BadSignature, jwt.ErrTokenSignatureInvalid},
	{"exp", Malformed, errExpiry},
	{"exp", Expired, jwt.ErrTokenExpired},
	{"nbf", NotYetValid, jwt.ErrTokenNotValidYet},
	{"iat", NotYetValid, jwt.ErrTokenUsedBeforeIssued},
	{"lifetime", TooLong, errLifetime},
	{"iss", WrongParty, jwt.ErrTokenInvalidIssuer},
	{"aud", WrongParty, jwt.ErrTokenInvalidAudience},
	{"user", Malformed, errUser},
}

// newError returns the Error for what golang-jwt found.
func newError(h header, err error) *Error {
	for _, c := range checks {
		if errors.Is(err, c.err) {
			return &Error{Reason: c.reason, Alg: h.alg, Kid: h.kid, Cause: err}
		}
	}
	return &Error{Reason: Malformed, Alg: h.alg, Kid: h.kid, Cause: err}
}
