// Package auth turns a bearer token into a verified identity.
//
// It verifies JSON Web Tokens (RFC 7519, following RFC 8725) with a shared secret
// or with the keys of a JSON Web Key Set (RFC 7517), which it fetches and keeps
// up to date. A key decides its algorithm, never the token; algorithms.go lists
// those that are accepted.
//
// The package knows no routes and no database; it uses net/http only to fetch the
// key set and for the type of request headers.
package auth
