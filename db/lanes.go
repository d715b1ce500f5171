package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// maxBatch is how many requests share a write to the network.
const maxBatch = 16

const (
	// maxWaiting is how many requests wait for lanes of one kind at most.
	maxWaiting = 10_000
	// maxWaitingOfUser is how many of them are one user's, so that the others find a place.
	maxWaitingOfUser = 1_000
)

var (
	errQueueFull = errors.New("as many requests wait for the database as may, of all users or of this one")
	errNoLane    = errors.New("the database was busy with others, or with the same user, for as long as a request waits")
)

// lanes let a bounded number of requests at the database at once. A request that finds a
// lane free goes at once and alone. When all are busy it waits, and the lane that comes
// free takes several, which share a write to the network (lane).
//
// The users take turns: the next request is that of the user who was served longest ago.
// A user has a share of the lanes at most, and one request in each batch. So whoever is
// on a lane waits there for one slow query of another user at most.
type lanes struct {
	pool *Pool
	size int // how many requests go together
	// share is how many requests of one user may be on lanes.
	share int
	// limit is how long a statement may take.
	limit time.Duration
	waits waits

	mu    sync.Mutex
	stats LaneStats
	users map[string]*userQueue
	// ready are the users whose first request may go. They are none while a lane is free,
	// but slow ones.
	ready []*userQueue
	slow  slowUsers
}

func (p *Pool) newLanes(count, size, share int, limit time.Duration) *lanes {
	return &lanes{pool: p, size: size, share: max(1, share), limit: limit, stats: LaneStats{Max: max(1, count)}, users: map[string]*userQueue{}}
}

// userQueue are the requests of one user.
type userQueue struct {
	user    string
	running int
	waiting []*request
	isReady bool
}

// enter waits for a lane that it is r's turn on, acquireTimeout at most. leave must
// follow.
func (l *lanes) enter(ctx context.Context, r *request) (*lane, error) {
	if err := ctx.Err(); err != nil {
		return nil, waitError(ctx, err)
	}
	l.mu.Lock()
	u := l.users[r.userID]
	if u == nil {
		u = &userQueue{user: r.userID}
		l.users[r.userID] = u
	}
	if l.stats.Busy < l.stats.Max && u.running < l.share && l.slow.admit(r) {
		u.running++
		r.alone[0] = r
		lane := l.start(r.alone[:])
		l.mu.Unlock()
		return lane, nil
	}
	if l.stats.Waiting >= maxWaiting || len(u.waiting) >= maxWaitingOfUser {
		l.forget(u)
		l.mu.Unlock()
		l.waits.refused(ctx, errQueueFull)
		return nil, waitError(ctx, errQueueFull)
	}
	r.turn = make(chan *lane, 1)
	u.waiting = append(u.waiting, r)
	l.stats.Waiting++
	l.enlist(u)
	l.mu.Unlock()
	timer := time.NewTimer(acquireTimeout)
	defer timer.Stop()
	select {
	case lane := <-r.turn:
		l.waits.served(r.start)
		return lane, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	if l.withdraw(u, r) {
		l.waits.refused(ctx, errNoLane)
		return nil, waitError(ctx, errNoLane)
	}
	// It is on a lane already, and others may be behind it.
	l.waits.served(r.start)
	return <-r.turn, nil
}

// withdraw takes back a request that waits, and reports whether it did.
func (l *lanes) withdraw(u *userQueue, r *request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, waiting := range u.waiting {
		if waiting == r {
			u.waiting = append(u.waiting[:i], u.waiting[i+1:]...)
			l.stats.Waiting--
			if turn := slices.Index(l.ready, u); turn >= 0 && len(u.waiting) == 0 {
				l.ready, u.isReady = slices.Delete(l.ready, turn, turn+1), false
			}
			l.forget(u)
			return true
		}
	}
	return false
}

// leave ends r's turn on a lane. The next one's begins, or the lane is free.
func (l *lanes) leave(ln *lane, r *request) {
	took := ln.took()
	ln.batch = ln.batch[1:]
	if len(ln.batch) == 0 {
		ln.release()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow.left(r, took)
	u := l.users[r.userID]
	u.running--
	l.enlist(u)
	l.forget(u)
	if len(ln.batch) > 0 {
		// Not before its user is back among those who wait: this goroutine may be the one
		// that the scheduler lets wait, and others would take that user's turn.
		ln.batch[0].turn <- ln
	} else {
		l.stats.Busy--
	}
	for l.stats.Busy < l.stats.Max {
		batch := l.take()
		if len(batch) == 0 {
			return
		}
		batch[0].turn <- l.start(batch)
	}
}

func (l *lanes) start(batch []*request) *lane {
	l.stats.Busy++
	l.stats.Batches++
	l.stats.Requests += int64(len(batch))
	return &lane{lanes: l, batch: batch}
}

// take takes the requests that go next, of different users.
func (l *lanes) take() (batch []*request) {
	var users []*userQueue
	for i := 0; i < len(l.ready) && len(batch) < l.size; {
		u := l.ready[i]
		if len(u.waiting) > 0 && !l.slow.admit(u.waiting[0]) {
			i++
			continue
		}
		if i == 0 {
			l.ready = l.ready[1:]
		} else {
			l.ready = slices.Delete(l.ready, i, i+1)
		}
		u.isReady = false
		if len(u.waiting) == 0 {
			continue
		}
		batch = append(batch, u.waiting[0])
		u.waiting = u.waiting[1:]
		l.stats.Waiting--
		u.running++
		users = append(users, u)
	}
	for _, u := range users {
		l.enlist(u)
	}
	return batch
}

// enlist has a user take turns whose next request may go.
func (l *lanes) enlist(u *userQueue) {
	if len(u.waiting) > 0 && u.running < l.share && !u.isReady {
		u.isReady = true
		l.ready = append(l.ready, u)
	}
}

func (l *lanes) forget(u *userQueue) {
	if u.running == 0 && len(u.waiting) == 0 {
		delete(l.users, u.user)
	}
}
