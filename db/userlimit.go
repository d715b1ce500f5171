package db

import (
	"context"
	"errors"
	"sync"
)

// errUserLimit is why a user waits though others do not.
var errUserLimit = errors.New("the user holds as many connections as one user may")

// userLimit bounds the connections that one user may hold, so that one user's slow
// queries leave some to the others.
type userLimit struct {
	conns int // per user

	mu    sync.Mutex
	users map[string]*userConns
}

type userConns struct {
	slots   chan struct{}
	holders int // how many hold a slot or wait for one
}

// acquire waits for a slot of the user until ctx ends.
func (l *userLimit) acquire(ctx context.Context, userID string) (release func(), err error) {
	l.mu.Lock()
	user := l.users[userID]
	if user == nil {
		user = &userConns{slots: make(chan struct{}, l.conns)}
		l.users[userID] = user
	}
	user.holders++
	l.mu.Unlock()
	forget := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if user.holders--; user.holders == 0 {
			delete(l.users, userID)
		}
	}
	select {
	case user.slots <- struct{}{}:
		return func() { <-user.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, errUserLimit
	}
}
