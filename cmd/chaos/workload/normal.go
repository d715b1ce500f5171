package workload

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// normalUsers of a server are asked for whether it is normal. They are none of the users
// at work.
const normalUsers = 8

// Normal waits until each server answers a read and a write of each of several users in
// the time that an answer may take, and returns how long that took: most at most.
func (l *Load) Normal(answer, most time.Duration) time.Duration {
	begin := time.Now()
	for time.Since(begin) < most {
		round := time.Since(begin) // what is normal now was so when the round began
		if l.isNormal(answer) {
			return round
		}
		time.Sleep(20 * time.Millisecond)
	}
	return most
}

func (l *Load) isNormal(answer time.Duration) bool {
	var failed atomic.Bool
	var asking sync.WaitGroup
	for _, s := range l.Servers {
		for _, p := range l.probers {
			asking.Go(func() {
				for _, c := range []call{
					{method: http.MethodGet, path: p.ID + "/tasks"},
					{method: http.MethodPut, path: p.ID + "/tasks/" + probedTask, body: `{"title":"` + p.Mark() + time.Now().Format(time.RFC3339Nano) + `"}`},
				} {
					ctx, cancel := context.WithTimeout(context.Background(), answer)
					if o := l.send(ctx, p, s, c); o.class != OK && !(c.method == http.MethodPut && o.status == http.StatusNotFound && l.makeProbed(ctx, p, s)) {
						failed.Store(true)
					}
					cancel()
				}
			})
		}
	}
	asking.Wait()
	return !failed.Load()
}

const probedTask = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

// makeProbed makes the task that is written to.
func (l *Load) makeProbed(ctx context.Context, p *person, s *Server) bool {
	return l.send(ctx, p, s, call{
		method: http.MethodPost, path: p.ID + "/tasks", body: `{"title":"` + p.Mark() + `"}`,
		header: []string{"Idempotency-Key", probedTask},
	}).class == OK
}
