package auth

import (
	"bytes"
	"context"
	"errors"
	"math"
)

// minSecret is the shortest HS256 secret, in bytes: as long as the hash
// (RFC 7518, section 3.2).
const minSecret = 32

var errShortSecret = errors.New("auth: the secret is shorter than 32 bytes")

// secret is the one key of HS256. It ignores a token's kid.
type secret struct{ only key }

func newSecret(value []byte, p Policy) (*secret, error) {
	if len(value) < minSecret {
		return nil, errShortSecret
	}
	s := &secret{only: key{alg: "HS256", material: bytes.Clone(value), rules: newRules(p, "HS256")}}
	s.only.until.Store(math.MaxInt64)
	return s, nil
}

func (s *secret) find(context.Context, header) (*key, error) { return &s.only, nil }
