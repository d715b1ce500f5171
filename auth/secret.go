package auth

import (
	"bytes"
	"context"
	"fmt"
	"math"
)

// secret is the shared secret as a key source. It ignores a token's kid.
type secret struct{ key key }

func newSecret(a algorithm, value []byte, r *rules) (*secret, error) {
	if err := checkSecret(a, value); err != nil {
		return nil, err
	}
	s := &secret{key{alg: a.name, material: bytes.Clone(value), rules: r}}
	s.key.expires.Store(math.MaxInt64)
	return s, nil
}

func checkSecret(a algorithm, value []byte) error {
	if err := a.checkBits(8 * len(value)); err != nil {
		return fmt.Errorf("auth: the secret has %w", err)
	}
	return nil
}

func (s *secret) find(context.Context, header) ([]*key, error) { return []*key{&s.key}, nil }

func (s *secret) newer(context.Context, header, []*key) []*key { return nil }
