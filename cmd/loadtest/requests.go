package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sync/errgroup"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/measure"
)

// kind is a kind of request.
type kind struct {
	name   string
	share  int // of the mix, in per cent
	method string
	status int // of the reply that counts as success
	// path follows /api/{user_id}/tasks.
	path func(user, task int) string
	body func() string
}

var (
	list   = kind{"list", 70, "GET", http.StatusOK, func(int, int) string { return "" }, nil}
	get    = kind{"get", 15, "GET", http.StatusOK, ofTask(""), nil}
	create = kind{"create", 5, "POST", http.StatusCreated, func(int, int) string { return "" }, func() string {
		return fmt.Sprintf(`{"title":"Buy milk and bread %d","priority":"high","tags":["home"]}`, rand.IntN(1000))
	}}
	// update changes something nearly always: a request that changes nothing writes nothing.
	update = kind{"update", 5, "PUT", http.StatusOK, ofTask(""), func() string {
		return fmt.Sprintf(`{"title":"Call the plumber %d"}`, rand.IntN(1000))
	}}
	toggle = kind{"toggle", 5, "PATCH", http.StatusOK, ofTask("/complete"), nil}

	mix = []kind{list, get, create, update, toggle}
)

func ofTask(after string) func(user, task int) string {
	return func(user, task int) string { return "/" + measure.TaskID(user, task).String() + after }
}

// limited is a list of as many tasks as most users have, whatever a user has.
func (k kind) limited(tasks int) kind {
	path := k.path
	k.path = func(user, task int) string { return path(user, task) + fmt.Sprintf("?limit=%d", tasks) }
	return k
}

// kindOf tells from a result which request of the mix it is one of.
func kindOf(r *vegeta.Result) kind {
	for _, k := range mix {
		if r.Method == k.method && (k.name != list.name || !strings.Contains(r.URL, "/tasks/")) {
			return k
		}
	}
	return kind{name: r.Method}
}

// users are who sends requests: those that measure.Fill made, with their tokens.
type users struct {
	first  int // the number of the first
	tokens []string
	tasks  int // that each of them has
}

// newUsers signs a token for each.
func newUsers(count, tasks int) (users, error) {
	u := users{first: 1, tokens: make([]string, count), tasks: tasks}
	var workers errgroup.Group
	for part := range runtime.NumCPU() {
		workers.Go(func() error {
			for i := part; i < count; i += runtime.NumCPU() {
				identity := auth.Identity{UserID: measure.UserID(i + 1), Email: measure.Email(i + 1)}
				token, err := auth.SignHS256([]byte(secret), auth.Policy{}, identity, 24*time.Hour)
				if err != nil {
					return err
				}
				u.tokens[i] = "Bearer " + token
			}
			return nil
		})
	}
	return u, workers.Wait()
}

// only is one of them: the nth.
func (u users) only(n, tasks int) users {
	return users{first: n, tokens: u.tokens[n-u.first : n-u.first+1], tasks: tasks}
}

// targets yields requests of these kinds, in proportion to their shares, each by a random
// user with a token of their own, of a random one of their tasks.
func (u users) targets(base string, kinds ...kind) vegeta.Targeter {
	all := 0
	for _, k := range kinds {
		all += k.share
	}
	return func(t *vegeta.Target) error {
		pick, k := rand.IntN(all), kind{}
		for _, k = range kinds {
			if pick -= k.share; pick < 0 {
				break
			}
		}
		user := rand.IntN(len(u.tokens))
		t.Method = k.method
		t.URL = base + "/api/" + measure.UserID(u.first+user) + "/tasks" + k.path(u.first+user, 1+rand.IntN(u.tasks))
		t.Header = http.Header{"Authorization": {u.tokens[user]}}
		if k.body != nil {
			t.Body = []byte(k.body())
			t.Header["Content-Type"] = []string{"application/json"}
		}
		return nil
	}
}
