package history

import (
	"errors"
	"fmt"
	"maps"
)

// Row is a task as a reply or the table has it.
type Row struct {
	ID, Owner, Title string
	Completed        bool
	Version          int64
}

// State is what a row shows.
func (r Row) State() State { return State{Present, r.Title, r.Completed} }

// Copy is what a client has that follows the changes of a user. It is not safe for
// concurrent use.
type Copy struct {
	Cursor string

	user *User
	rows map[string]Row
	gone map[string]bool
}

// NewCopy is empty.
func NewCopy(user *User) *Copy {
	return &Copy{user: user, rows: map[string]Row{}, gone: map[string]bool{}}
}

// Apply takes a page over, and its cursor. The error says what a follower must never be
// told.
func (c *Copy) Apply(rows []Row, deleted []string, cursor string) error {
	var all error
	for _, row := range rows {
		all = errors.Join(all, c.user.Own(row.Owner, row.Title))
		if had, ok := c.rows[row.ID]; ok && had.Version >= row.Version {
			all = errors.Join(all, fmt.Errorf("version: a follower was told %+v after %+v", row, had))
		}
		if c.gone[row.ID] {
			all = errors.Join(all, fmt.Errorf("%w: a follower was told %+v after its deletion", ErrRevived, row))
		}
		c.rows[row.ID] = row
	}
	for _, id := range deleted {
		delete(c.rows, id)
		c.gone[id] = true
	}
	c.Cursor = cursor
	return all
}

// Difference says how the copy differs from the table, nil where it does not.
func (c *Copy) Difference(table map[string]Row) error {
	if maps.Equal(c.rows, table) {
		return nil
	}
	for id, row := range table {
		if had, ok := c.rows[id]; !ok {
			return fmt.Errorf("follower: lacks %+v", row)
		} else if had != row {
			return fmt.Errorf("follower: has %+v and the table %+v", had, row)
		}
	}
	for id, had := range c.rows {
		if _, ok := table[id]; !ok {
			return fmt.Errorf("follower: has %+v, which the table has not", had)
		}
	}
	return nil
}
