package workload

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// Table is what the database has of all users.
type Table struct {
	Rows       map[string]map[string]history.Row // by user and id
	Tombstones map[string]bool                   // by id
}

// Verify compares the table with all that was ever acknowledged, and the copy of each
// follower with the table. The clients must have stopped. The followers have the time
// until ctx ends to catch up.
func (l *Load) Verify(ctx context.Context, read func(context.Context) (Table, error)) error {
	var table Table
	for behind := true; behind; {
		var err error
		if table, err = read(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		behind = false
		for _, p := range l.persons {
			for _, f := range p.followers {
				err := f.difference(table.Rows[p.ID])
				if err == nil {
					continue
				}
				behind = true
				if ctx.Err() != nil {
					f.violate(err)
				}
			}
		}
		if ctx.Err() != nil {
			break
		}
		if behind {
			pause(ctx, 200*time.Millisecond)
		}
	}
	known := map[string]bool{}
	for _, p := range l.probers {
		known[p.ID] = true
	}
	for _, p := range l.persons {
		known[p.ID] = true
		rows := map[string]history.Row{}
		for id, row := range table.Rows[p.ID] {
			rows[id] = row
		}
		for _, c := range p.clients {
			c.verify(rows, table.Tombstones)
		}
		for _, row := range rows {
			l.violations.add(Violation{User: p.ID, Task: row.ID, Err: fmt.Errorf("row that nobody made: %+v", row)})
		}
	}
	for user := range table.Rows {
		if !known[user] {
			l.violations.add(Violation{User: user, Err: fmt.Errorf("foreign row: the table has rows of a user who is none")})
		}
	}
	return nil
}

// verify takes the client's rows out of those of the user.
func (c *client) verify(rows map[string]history.Row, tombstones map[string]bool) {
	for _, t := range slices.Concat(c.tasks, c.retired) {
		row, ok := rows[t.ID]
		t.Note(c.load.since(), "in the table: %t %+v", ok, row)
		if !ok {
			c.must(t, t.Missing())
			continue
		}
		c.must(t, c.person.Own(row.Owner, row.Title))
		c.see(t, row)
		delete(rows, t.ID)
	}
	for id := range c.ignored {
		delete(rows, id)
	}
	for id := range c.gone {
		if row, ok := rows[id]; ok {
			c.must(nil, fmt.Errorf("%w: the table has %+v", history.ErrRevived, row))
			delete(rows, id)
		}
		if !tombstones[id] {
			c.must(nil, fmt.Errorf("%w: no tombstone of %s", history.ErrLost, id))
		}
	}
}
