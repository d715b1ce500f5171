package http

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/securetodo/securetodo/db"
)

const (
	// livePoll is how often a user with open streams is asked for the counter, where
	// Config does not say.
	livePoll = 2 * time.Second
	// livePolls is how many users are asked at once: each takes a connection.
	livePolls = 4
	// maxStreams, where Config does not say, and maxStreamsPerUser are how many streams
	// are open at once.
	maxStreams        = 10_000
	maxStreamsPerUser = 20
)

// errStreams makes a client retry later, when another stream has ended.
var errStreams = fmt.Errorf("%w: too many concurrent streams", db.ErrUnavailable)

// live wakes the streams of a user when something may have changed: at once when it was
// written here, and within the poll when it was written elsewhere. It holds nothing of
// the database while streams wait, and no other server needs to know of it.
type live struct {
	poll time.Duration
	max  int // streams
	// version asks the database for a user's counter.
	version func(ctx context.Context, user string) (int64, error)
	stop    <-chan struct{}
	open    *sync.WaitGroup // counts the streams

	mu    sync.Mutex
	users map[string]*follower
	total int
	runs  bool // run does
}

// follower is a user with open streams.
type follower struct {
	streams map[chan struct{}]bool
	version int64 // as last seen; -1 before
}

// join returns what is woken, and how to leave. It is not ok where there is no room.
func (l *live) join(user string) (wake <-chan struct{}, leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.users[user]
	if l.total >= l.max || f != nil && len(f.streams) >= maxStreamsPerUser {
		return nil, nil, false
	}
	if f == nil {
		f = &follower{streams: map[chan struct{}]bool{}, version: -1}
		l.users[user] = f
	}
	stream := make(chan struct{}, 1)
	f.streams[stream] = true
	l.total++
	l.open.Add(1)
	if !l.runs {
		l.runs = true
		go l.run()
	}
	return stream, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(f.streams, stream)
		l.total--
		l.open.Done()
		if len(f.streams) == 0 {
			delete(l.users, user)
		}
	}, true
}

// wake wakes the streams of a user. One that is awake looks once more.
func (l *live) wake(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.users[user]; f != nil {
		f.wake()
	}
}

func (f *follower) wake() {
	for stream := range f.streams {
		select {
		case stream <- struct{}{}:
		default:
		}
	}
}

// run asks for the counters until no stream is open any more.
func (l *live) run() {
	ticker := time.NewTicker(l.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-l.stop:
			return
		}
		users, open := l.following()
		if !open {
			return
		}
		var asking sync.WaitGroup
		next := make(chan string)
		for range min(livePolls, len(users)) {
			asking.Go(func() {
				for user := range next {
					l.ask(user)
				}
			})
		}
		for _, user := range users {
			next <- user
		}
		close(next)
		asking.Wait()
	}
}

// following returns the users with open streams. Where there is none, run ends, and
// the next to join begins it anew.
func (l *live) following() (users []string, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for user := range l.users {
		users = append(users, user)
	}
	l.runs = l.total > 0
	return users, l.runs
}

// ask wakes a user's streams where the counter has moved. Where the database does not
// answer, the next poll asks again.
func (l *live) ask(user string) {
	ctx, cancel := context.WithTimeout(context.Background(), l.poll+healthTimeout)
	defer cancel()
	version, err := l.version(ctx, user)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.users[user]; f != nil && f.version != version {
		f.version = version
		f.wake()
	}
}
