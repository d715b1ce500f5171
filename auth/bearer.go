package auth

import (
	"errors"
	"net/http"
	"strings"
)

// BearerToken returns the token of the one Authorization header of a request
// (RFC 6750, section 2.1; the scheme in any case, RFC 9110, section 11.1).
//
// The error is [ErrNoToken] if there is no such header or it has another scheme,
// and an [Error] if there are several or the scheme is not followed by spaces and a
// token.
func BearerToken(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", &Error{Reason: Malformed, Cause: errors.New("more than one Authorization header")}
	}
	if len(values) == 0 {
		return "", ErrNoToken
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ErrNoToken
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", &Error{Reason: Malformed, Cause: errors.New("the Authorization header is not \"Bearer\", a space and a token")}
	}
	return token, nil
}
