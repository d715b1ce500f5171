// Package workload is users at work: clients that change tasks and follow changes through
// several servers, and that notice when what they are told cannot be true.
package workload

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// Config says who sends what to whom.
type Config struct {
	Servers []*Server
	Secret  string // signs the users' tokens
	Users   int
	// Clients, Pages and Streams are those of each user: clients that change tasks, and
	// followers by JSON and by streams.
	Clients, Pages, Streams int
	Pause                   time.Duration // between two requests of a client, on average
	Leave                   float64       // share of requests whose client does not wait
	Seed                    uint64
}

// Load is a workload.
type Load struct {
	Config
	Tally Tally

	client     *http.Client
	violations violations
	persons    []*person
	probers    []*person // Normal's
	start      time.Time
}

// person is a user with all that they use.
type person struct {
	*history.User
	token     string
	latest    atomic.Pointer[string] // id of a task
	clients   []*client
	followers []*follower
}

// New makes the users, who do not begin yet.
func New(c Config) (*Load, error) {
	l := &Load{
		Config: c, start: time.Now(),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}},
	}
	for n := range normalUsers {
		p, err := l.newPerson(fmt.Sprintf("prober-%d", n))
		if err != nil {
			return nil, err
		}
		l.probers = append(l.probers, p)
	}
	for n := range c.Users {
		p, err := l.newPerson(fmt.Sprintf("user-%d", n))
		if err != nil {
			return nil, err
		}
		for i := range c.Clients {
			p.clients = append(p.clients, newClient(l, p, i))
		}
		for i := range c.Pages + c.Streams {
			p.followers = append(p.followers, newFollower(l, p, i, i >= c.Pages))
		}
		l.persons = append(l.persons, p)
	}
	return l, nil
}

func (l *Load) newPerson(id string) (*person, error) {
	token, err := auth.SignHS256([]byte(l.Secret), auth.Policy{}, auth.Identity{UserID: id}, 24*time.Hour)
	return &person{User: history.NewUser(id), token: "Bearer " + token}, err
}

// random is a source of its own for each who needs one.
func (l *Load) random(user, part int) *rand.Rand {
	return rand.New(rand.NewPCG(l.Seed, uint64(user)<<16|uint64(part)))
}

// Run has all users work until work ends, and their followers and the balancer until
// follow does. It returns what waits for each.
func (l *Load) Run(work, follow context.Context) (worked, followed func()) {
	var working, following sync.WaitGroup
	for _, s := range l.Servers {
		following.Go(func() { s.probe(follow) })
	}
	for _, p := range l.persons {
		for _, f := range p.followers {
			following.Go(func() { f.run(follow) })
		}
		for _, c := range p.clients {
			working.Go(func() { c.run(work) })
		}
	}
	return working.Wait, following.Wait
}

// Violate adds a violation that somebody else noticed.
func (l *Load) Violate(err error) { l.violations.add(Violation{Err: err}) }

// Violations are the first of each rule, and how many there are of each.
func (l *Load) Violations() ([]Violation, map[string]int) {
	l.violations.mu.Lock()
	defer l.violations.mu.Unlock()
	return slices.Clone(l.violations.first), maps.Clone(l.violations.count)
}

func (l *Load) since() time.Duration { return time.Since(l.start) }
