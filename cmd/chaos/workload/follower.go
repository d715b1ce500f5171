package workload

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// follower keeps a copy of a user's tasks, by pages of JSON or by a stream.
type follower struct {
	load    *Load
	person  *person
	name    string
	streams bool
	limit   int
	random  *rand.Rand

	mu   sync.Mutex
	copy *history.Copy
}

func newFollower(l *Load, p *person, n int, streams bool) *follower {
	random := l.random(len(l.persons), 1000+n)
	return &follower{
		load: l, person: p, streams: streams, limit: 1 + random.IntN(20), random: random,
		name: fmt.Sprintf("%s-%d", map[bool]string{true: "stream", false: "pages"}[streams], n),
		copy: history.NewCopy(p.User),
	}
}

// page is what a follower is told at once.
type page struct {
	Tasks   []task   `json:"tasks"`
	Deleted []string `json:"deleted"`
	Cursor  string   `json:"cursor"`
	More    bool     `json:"more"`
}

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		more := false
		if f.streams {
			f.stream(ctx)
		} else {
			more = f.page(ctx)
		}
		if !more {
			pause(ctx, time.Duration(f.random.Float64()*2*float64(f.load.Pause)))
		}
	}
}

func (f *follower) path() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := fmt.Sprintf("%s/changes?limit=%d", f.person.ID, f.limit)
	if f.copy.Cursor != "" {
		path += "&since=" + url.QueryEscape(f.copy.Cursor)
	}
	return path
}

// page asks once, and reports whether there is more.
func (f *follower) page(ctx context.Context) bool {
	o := f.load.do(context.WithoutCancel(ctx), f.person, pick(f.load.Servers, f.random), call{kind: "changes", method: "GET", path: f.path()})
	f.status(o)
	return o.class == OK && f.take(o.body)
}

func (f *follower) status(o outcome) {
	if o.class != ClientError || o.status == http.StatusTooManyRequests {
		return
	}
	f.violate(fmt.Errorf("status: %s %s", o.text, o.body))
	if o.status == http.StatusGone {
		f.mu.Lock()
		f.copy = history.NewCopy(f.person.User)
		f.mu.Unlock()
	}
}

// take takes a page over, and reports whether there is more.
func (f *follower) take(body []byte) bool {
	var told page
	if err := json.Unmarshal(body, &told); err != nil {
		f.violate(fmt.Errorf("reply: %w: %s", err, body))
		return false
	}
	rows := make([]history.Row, len(told.Tasks))
	for i, t := range told.Tasks {
		rows[i] = t.row()
		f.person.Saw(t.Version)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.copy.Apply(rows, told.Deleted, told.Cursor); err != nil {
		f.violate(err)
	}
	return told.More
}

func (f *follower) violate(err error) {
	f.load.violations.add(Violation{User: f.person.ID, Task: f.name, Err: err})
}

// stream opens a stream and takes its events over until it ends.
func (f *follower) stream(ctx context.Context) {
	s := pick(f.load.Servers, f.random)
	begin := s.begin()
	opened := false
	o := f.open(ctx, s, func(event []byte) {
		opened = true
		f.take(event)
	})
	switch {
	case ctx.Err() != nil:
		return
	case opened || o.class == OK:
		o = outcome{class: OK} // all streams end
	case o.class == Lost && !s.mayLose(begin, o):
		f.violate(fmt.Errorf("lost connection: %s lost a stream's request though nobody had killed it: %s", s.Name, o.text))
	}
	f.status(o)
	f.load.Tally.add("stream", o.class, o.text)
}

func (f *follower) open(ctx context.Context, s *Server, take func([]byte)) outcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/"+f.path(), nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", f.person.token)
	request.Header.Set("Accept", "text/event-stream")
	reply, err := f.load.client.Do(request)
	if err != nil {
		return outcome{class: Lost, text: howLost(err), refused: errors.Is(err, syscall.ECONNREFUSED)}
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(reply.Body)
		return classify(reply, body)
	}
	events := bufio.NewReader(reply.Body)
	for {
		event, err := readEvent(events)
		if err != nil {
			return outcome{class: OK, text: howLost(err)}
		}
		take(event)
	}
}

// readEvent returns the data of the next event that has any. One that is not whole is
// none.
func readEvent(events *bufio.Reader) (data []byte, err error) {
	for {
		line, err := events.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\n" && data != nil {
			return data, nil
		}
		if rest, ok := strings.CutPrefix(line, "data: "); ok {
			data = []byte(strings.TrimSuffix(rest, "\n"))
		}
	}
}

// difference says how the copy differs from the table.
func (f *follower) difference(table map[string]history.Row) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.copy.Difference(table)
}
