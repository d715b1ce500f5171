package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// get reads one task.
func (c *client) get(ctx context.Context, t *owned) {
	s := c.server()
	o := c.load.do(ctx, c.person, s, call{kind: "get", method: "GET", path: c.person.ID + "/tasks/" + t.ID})
	t.Note(c.load.since(), "%s get through %s: %s %s", c.name, s.Name, o.text, o.body)
	switch {
	case o.class == OK:
		if row, ok := c.read(t, o); ok {
			c.see(t, row)
		}
	case o.status == http.StatusNotFound:
		c.must(t, t.Missing())
	case o.class == ClientError && o.status != http.StatusTooManyRequests:
		c.must(t, fmt.Errorf("status: %s %s", o.text, o.body))
	}
	c.sort()
}

func (c *client) see(t *owned, row history.Row) {
	c.must(t, t.Seen(row.State()))
	c.must(t, t.SeenVersion(row.Version))
	c.person.Saw(row.Version)
	t.current = t.Unknown() == 0
}

// rows reads a list, each of whose rows must be the user's.
func (c *client) rows(ctx context.Context, kind, query string) (found map[string]history.Row, s *Server, ok bool) {
	s = c.server()
	o := c.load.do(ctx, c.person, s, call{kind: kind, method: "GET", path: c.person.ID + "/tasks" + query})
	if o.class == ClientError && o.status != http.StatusTooManyRequests {
		c.must(nil, fmt.Errorf("status: %s: %s %s", kind, o.text, o.body))
	}
	if o.class != OK {
		return nil, s, false
	}
	var list []task
	if err := json.Unmarshal(o.body, &list); err != nil {
		c.must(nil, fmt.Errorf("reply: %w: %s", err, o.body))
		return nil, s, false
	}
	found = map[string]history.Row{}
	for _, read := range list {
		row := read.row()
		c.must(nil, c.person.Own(row.Owner, row.Title))
		c.person.Saw(row.Version)
		found[row.ID] = row
	}
	return found, s, true
}

// list reads all tasks of the client.
func (c *client) list(ctx context.Context) {
	found, s, ok := c.rows(ctx, "list", "?limit=1000&tag="+c.name)
	if !ok {
		return
	}
	for _, t := range slices.Concat(c.tasks, c.retired) {
		row, ok := found[t.ID]
		t.Note(c.load.since(), "%s list through %s: %t %+v", c.name, s.Name, ok, row)
		if ok {
			c.see(t, row)
		} else {
			c.must(t, t.Missing())
		}
		delete(found, t.ID)
	}
	c.unknown(found)
	c.sort()
}

// unknown says of rows that no task of the client explains.
func (c *client) unknown(found map[string]history.Row) {
	for id, row := range found {
		switch {
		case c.gone[id]:
			c.must(nil, fmt.Errorf("%w: %+v", history.ErrRevived, row))
		case !c.ignored[id]:
			c.must(nil, fmt.Errorf("row that nobody made: %+v", row))
		}
	}
}

// browse reads what other clients of the user change at the same time.
func (c *client) browse(ctx context.Context) {
	_, _, _ = c.rows(ctx, "browse", "?limit=50&sort=updated_at")
}

// intrude asks for what is another user's.
func (c *client) intrude(ctx context.Context) {
	other := c.load.persons[c.random.IntN(len(c.load.persons))]
	if other == c.person {
		return
	}
	path, want := other.ID+"/tasks", http.StatusForbidden
	if c.random.IntN(2) == 0 {
		path, want = c.person.ID+"/tasks/"+other.latestID(), http.StatusNotFound
	}
	o := c.load.do(ctx, c.person, c.server(), call{kind: "intrude", method: "GET", path: path})
	if o.class == OK || o.class == ClientError && o.status != want && o.status != http.StatusTooManyRequests {
		c.must(nil, fmt.Errorf("foreign row: %s for %s: %s", o.text, path, o.body))
	}
}

// latestID is the id of a task of the user.
func (p *person) latestID() string {
	if id := p.latest.Load(); id != nil {
		return *id
	}
	return uuid.NewString()
}
