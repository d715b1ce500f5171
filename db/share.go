package db

import (
	"context"
	"errors"
	"sync"
)

// errShare is why a user waits though others do not.
var errShare = errors.New("the user's share of the connections is in use")

// shares keeps one user's slow queries from taking every connection.
type shares struct {
	size int // connections a user

	mu    sync.Mutex
	users map[string]*share
}

type share struct {
	slots  chan struct{}
	inside int // how many hold a slot or wait for one
}

// enter waits for a slot of the user's share until ctx ends.
func (s *shares) enter(ctx context.Context, userID string) (leave func(), err error) {
	s.mu.Lock()
	own := s.users[userID]
	if own == nil {
		own = &share{slots: make(chan struct{}, s.size)}
		s.users[userID] = own
	}
	own.inside++
	s.mu.Unlock()
	forget := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if own.inside--; own.inside == 0 {
			delete(s.users, userID)
		}
	}
	select {
	case own.slots <- struct{}{}:
		return func() { <-own.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, errShare
	}
}
