// Package auth turns a bearer token into a verified identity.
//
// It verifies JSON Web Tokens (RFC 7519, with the advice of RFC 8725) of four
// algorithms: HS256 with a shared secret, and EdDSA, ES256 and RS256 with the
// keys of a JSON Web Key Set (RFC 7517) that it fetches and keeps fresh. A key
// decides its algorithm, never the token.
//
// The package knows no routes and no database; net/http is here only as the
// client that fetches the key set.
package auth
