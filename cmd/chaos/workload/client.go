package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// maxTasks is how many tasks a client has at once: it deletes when it has more.
const maxTasks = 8

// client changes tasks of its own, one request after another. They carry its tag, which
// makes operations on many tasks its own too.
type client struct {
	load   *Load
	person *person
	name   string // and tag
	random *rand.Rand
	writes int // of which each has a number

	tasks   []*owned
	retired []*owned // of which too little is known to go on
	gone    map[string]bool
	ignored map[string]bool // of which nothing can be told any more
}

// owned is a task of a client.
type owned struct {
	*history.Task
	// current says that the version which was seen last must be the task's.
	current bool
}

func newClient(l *Load, p *person, n int) *client {
	return &client{load: l, person: p, name: fmt.Sprintf("client-%d", n), random: l.random(len(l.persons), n), gone: map[string]bool{}, ignored: map[string]bool{}}
}

func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, time.Duration(c.random.Float64()*2*float64(c.load.Pause)))
		if ctx.Err() == nil {
			c.step(context.WithoutCancel(ctx))
		}
	}
}

// step is one request.
func (c *client) step(ctx context.Context) {
	if len(c.tasks) < 2 {
		c.create(ctx)
		return
	}
	t := c.tasks[c.random.IntN(len(c.tasks))]
	switch n := c.random.IntN(100); {
	case len(c.tasks) > maxTasks, n < 8:
		c.change(ctx, t, history.Op{Kind: history.Delete}, call{method: "DELETE"})
	case n < 22:
		c.create(ctx)
	case n < 45:
		c.edit(ctx, t)
	case n < 65:
		c.change(ctx, t, history.Op{Kind: history.Toggle}, call{method: "PATCH", path: "/complete"})
	case n < 73:
		to := c.random.IntN(2) == 0
		c.change(ctx, t, history.Op{Kind: history.Complete, Completed: to}, call{method: "PATCH", path: "/complete", body: fmt.Sprintf(`{"completed":%t}`, to)})
	case n < 76:
		to := c.random.IntN(2) == 0
		c.many(ctx, history.Op{Kind: history.Complete, Completed: to}, call{kind: "complete many", method: "PATCH", path: "?tag=" + c.name, body: fmt.Sprintf(`{"completed":%t}`, to)}, "updated")
	case n < 78:
		c.many(ctx, history.Op{Kind: history.Clear}, call{kind: "clear", method: "DELETE", path: "?completed=true&tag=" + c.name}, "deleted")
	case n < 86:
		c.list(ctx)
	case n < 94:
		c.get(ctx, t)
	case n < 97:
		c.browse(ctx)
	default:
		c.intrude(ctx)
	}
}

func (c *client) server() *Server { return pick(c.load.Servers, c.random) }

func (c *client) title() string {
	c.writes++
	return fmt.Sprintf("%s%s write %d", c.person.Mark(), c.name, c.writes)
}

// create makes a task under an id of the client's. Where the outcome is unknown it asks
// for the same again.
func (c *client) create(ctx context.Context) {
	t := &owned{Task: history.NewTask(uuid.NewString())}
	c.tasks = append(c.tasks, t)
	c.person.latest.Store(&t.ID)
	op := history.Op{Kind: history.Create, Title: c.title()}
	body := fmt.Sprintf(`{"title":%q,"tags":[%q]}`, op.Title, c.name)
	header := []string{"Idempotency-Key", t.ID}
	if c.random.IntN(2) == 0 {
		header, body = nil, fmt.Sprintf(`{"id":%q,"title":%q,"tags":[%q]}`, t.ID, op.Title, c.name)
	}
	for range 3 {
		c.change(ctx, t, op, call{method: "POST", body: body, header: header})
		if t.Unknown() == 0 {
			return
		}
	}
}

// edit sets the title, half of the time on the condition that nobody else did.
func (c *client) edit(ctx context.Context, t *owned) {
	op := history.Op{Kind: history.Retitle, Title: c.title()}
	request := call{method: "PUT", body: fmt.Sprintf(`{"title":%q}`, op.Title)}
	if c.random.IntN(2) == 0 {
		request.method = "PATCH"
	}
	if t.current && c.random.IntN(2) == 0 {
		request.header = []string{"If-Match", strconv.Quote(strconv.FormatInt(t.Version(), 10))}
	}
	c.change(ctx, t, op, request)
}

// change sends an operation on one task and takes down what became of it.
func (c *client) change(ctx context.Context, t *owned, op history.Op, request call) {
	s, latest, known := c.server(), c.person.Latest(), t.Unknown() == 0
	request.kind = op.Kind.String()
	request.path = c.person.ID + "/tasks" + map[bool]string{false: "/" + t.ID}[op.Kind == history.Create] + request.path
	if c.random.Float64() < c.load.Leave {
		request.leave = time.Duration(c.random.IntN(5)) * time.Millisecond
	}
	t.Note(c.load.since(), "%s %s %s %v through %s", c.name, op.Kind, request.body, request.header, s.Name)
	o := c.load.do(ctx, c.person, s, request)
	t.Note(c.load.since(), "  %s %s", o.text, o.body)
	switch {
	case o.class == OK && op.Kind == history.Delete:
		c.must(t, t.Done(op, history.State{Phase: history.Deleted}))
	case o.class == OK:
		row, ok := c.read(t, o)
		if !ok {
			return
		}
		c.must(t, t.Done(op, row.State()))
		c.must(t, t.SeenVersion(row.Version))
		changes := op.Kind == history.Retitle || op.Kind == history.Toggle || op.Kind == history.Create && known && o.status == http.StatusCreated
		if changes {
			c.must(t, c.person.Changed(t.ID, row.Version, latest))
		}
		c.person.Saw(row.Version)
		t.current = t.Unknown() == 0
	case o.status == http.StatusNotFound, o.status == http.StatusConflict && op.Kind == history.Create:
		c.must(t, t.Missing())
	case o.status == http.StatusPreconditionFailed && request.header != nil && op.Kind == history.Retitle:
		if t.current {
			c.must(t, fmt.Errorf("precondition: failed though nobody else had changed the task: %s", o.body))
		}
	case o.class == ClientError && o.status != http.StatusTooManyRequests:
		c.must(t, fmt.Errorf("status: %s %s", o.text, o.body))
	case !o.notDone:
		t.MaybeDone(op)
		t.current = false
	}
	c.sort()
}

// read reads the task of a reply.
func (c *client) read(t *owned, o outcome) (row history.Row, ok bool) {
	var read task
	if err := json.Unmarshal(o.body, &read); err != nil {
		c.must(t, fmt.Errorf("reply: %w: %s", err, o.body))
		return row, false
	}
	row = read.row()
	c.must(t, c.person.Own(row.Owner, row.Title))
	if row.ID != t.ID {
		c.must(t, fmt.Errorf("reply: it is about task %s", row.ID))
		return row, false
	}
	return row, row.Owner == c.person.ID
}

// many sends an operation on all tasks of the client and compares how many it was done to.
func (c *client) many(ctx context.Context, op history.Op, request call, counted string) {
	request.path = c.person.ID + "/tasks" + request.path
	s := c.server()
	o := c.load.do(ctx, c.person, s, request)
	all := slices.Concat(c.tasks, c.retired)
	for _, t := range all {
		t.Note(c.load.since(), "%s %s through %s: %s %s", c.name, request.kind, s.Name, o.text, o.body)
	}
	switch {
	case o.class == OK:
		var counts map[string]int
		if err := json.Unmarshal(o.body, &counts); err != nil {
			c.must(nil, fmt.Errorf("reply: %w: %s", err, o.body))
		}
		least, most := 0, 0
		for _, t := range all {
			l, m := t.MustFit(op)
			least, most, t.current = least+l, most+m, false
		}
		if n := counts[counted]; n < least || n > most {
			c.must(nil, fmt.Errorf("count: %s says %d, but it must be %d to %d", request.kind, n, least, most))
		}
	case o.class == ClientError && o.status != http.StatusTooManyRequests:
		c.must(nil, fmt.Errorf("status: %s: %s %s", request.kind, o.text, o.body))
	case !o.notDone:
		c.retired = slices.DeleteFunc(c.retired, func(t *owned) bool {
			if t.Unknown() == history.MaxUnknown {
				c.ignored[t.ID] = true
			}
			return c.ignored[t.ID]
		})
		for _, t := range slices.Concat(c.tasks, c.retired) {
			t.MaybeDone(op)
			t.current = false
		}
	}
	c.sort()
}

// sort takes those away that are deleted, or of which too little is known.
func (c *client) sort() {
	c.tasks = slices.DeleteFunc(c.tasks, func(t *owned) bool {
		switch {
		case !t.Could(history.Present): // nor ever will be
			if !t.Could(history.Absent) {
				c.gone[t.ID] = true
			}
			return true
		case t.Unknown() >= history.MaxUnknown-1:
			c.retired = append(c.retired, t)
			return true
		}
		return false
	})
}

// must keeps an error as a violation.
func (c *client) must(t *owned, err error) {
	if err == nil {
		return
	}
	v := Violation{User: c.person.ID, Task: c.name, Err: err}
	if t != nil {
		v.Task, v.Lines = t.ID, slices.Clone(t.Lines())
	}
	c.load.violations.add(v)
}
