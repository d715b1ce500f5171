package db

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxBatch is how many requests share a write to the network.
const maxBatch = 16

// maxWaiting is how many requests wait for lanes of one kind at most.
const maxWaiting = 10_000

var (
	errQueueFull = errors.New("as many requests wait for the database as may")
	errNoLane    = errors.New("the database was busy with others, or with the same user, for as long as a request waits")
)

// lanes let a bounded number of requests at the database at once. A request that finds a
// lane free goes at once and alone. When all are busy it waits, and the lane that comes
// free takes several, which share a write to the network (lane).
//
// The users take turns: the next request is that of the user who was served longest ago.
// A user has a share of the lanes at most, and one request in each batch. So nobody waits
// behind more than one slow query of another user.
type lanes struct {
	pool *Pool
	max  int // how many may be busy
	size int // how many requests go together
	// share is how many requests of one user may be on lanes.
	share int

	mu      sync.Mutex
	busy    int
	waiting int
	users   map[string]*line
	// ready are the lines whose first request may go. They are none while a lane is free.
	ready []*line
}

func (p *Pool) newLanes(count, size, share int) *lanes {
	return &lanes{pool: p, max: max(1, count), size: size, share: max(1, share), users: map[string]*line{}}
}

// line are the requests of one user.
type line struct {
	user    string
	running int
	waiting []*request
	isReady bool
}

// enter waits for a lane that it is r's turn on, acquireTimeout at most. leave must
// follow.
func (l *lanes) enter(ctx context.Context, r *request) (*lane, error) {
	l.mu.Lock()
	u := l.users[r.userID]
	if u == nil {
		u = &line{user: r.userID}
		l.users[r.userID] = u
	}
	if l.busy < l.max && u.running < l.share {
		l.busy++
		u.running++
		l.mu.Unlock()
		return &lane{lanes: l, batch: []*request{r}}, nil
	}
	if l.waiting >= maxWaiting {
		l.mu.Unlock()
		return nil, waitError(ctx, errQueueFull)
	}
	r.turn = make(chan *lane, 1)
	u.waiting = append(u.waiting, r)
	l.waiting++
	l.line(u)
	l.mu.Unlock()
	timer := time.NewTimer(acquireTimeout)
	defer timer.Stop()
	select {
	case lane := <-r.turn:
		return lane, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	if l.withdraw(u, r) {
		return nil, waitError(ctx, errNoLane)
	}
	// It is on a lane already, and others may be behind it.
	return <-r.turn, nil
}

// withdraw takes back a request that waits, and reports whether it did.
func (l *lanes) withdraw(u *line, r *request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, waiting := range u.waiting {
		if waiting == r {
			u.waiting = append(u.waiting[:i], u.waiting[i+1:]...)
			l.waiting--
			l.forget(u)
			return true
		}
	}
	return false
}

// leave ends r's turn on a lane. The next one's begins, or the lane is free.
func (l *lanes) leave(ln *lane, r *request) {
	ln.batch = ln.batch[1:]
	last := len(ln.batch) == 0
	if last {
		ln.release()
	} else {
		ln.batch[0].turn <- ln
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if last {
		l.busy--
	}
	u := l.users[r.userID]
	u.running--
	l.line(u)
	l.forget(u)
	for l.busy < l.max {
		batch := l.take()
		if len(batch) == 0 {
			return
		}
		l.busy++
		batch[0].turn <- &lane{lanes: l, batch: batch}
	}
}

// take takes the requests that go next, of different users.
func (l *lanes) take() (batch []*request) {
	var users []*line
	for len(l.ready) > 0 && len(batch) < l.size {
		u := l.ready[0]
		l.ready = l.ready[1:]
		u.isReady = false
		if len(u.waiting) == 0 || u.running >= l.share {
			continue
		}
		batch = append(batch, u.waiting[0])
		u.waiting = u.waiting[1:]
		l.waiting--
		u.running++
		users = append(users, u)
	}
	for _, u := range users {
		l.line(u)
	}
	return batch
}

// line lines a user up whose next request may go.
func (l *lanes) line(u *line) {
	if len(u.waiting) > 0 && u.running < l.share && !u.isReady {
		u.isReady = true
		l.ready = append(l.ready, u)
	}
}

func (l *lanes) forget(u *line) {
	if u.running == 0 && len(u.waiting) == 0 {
		delete(l.users, u.user)
	}
}
