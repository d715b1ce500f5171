// Package history decides whether what clients were told, and what the table has in the
// end, can be true. It knows neither servers nor faults: whoever drives it says which
// operation of which task was sent, and what became of it.
//
// Each task has one client that changes it, one operation after another, so its history
// is a line. An operation that was acknowledged has been applied, one that was refused
// never is, and one whose outcome is unknown may be applied at any time after it was
// sent, once or not at all: also later, when the client has gone on, since a network that
// was silent delivers what it held. A task keeps all states that this allows. What is
// seen of it must be one of them.
package history

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Phase is whether there is a task.
type Phase int

const (
	Absent Phase = iota // it was never made
	Present
	Deleted // for good: no id is used again
)

// State is what a client can see of a task. Each title is written once only, so it tells
// which write it is of.
type State struct {
	Phase     Phase
	Title     string
	Completed bool
}

func (s State) String() string {
	if s.Phase != Present {
		return [...]string{"not made", "", "deleted"}[s.Phase]
	}
	return fmt.Sprintf("%q, completed %t", s.Title, s.Completed)
}

// Kind is what an operation does to a task.
type Kind int

const (
	Create   Kind = iota // or find what is there
	Retitle              // sets the title
	Complete             // sets completed
	Toggle               // changes completed
	Delete
	Clear // deletes what is completed
)

func (k Kind) String() string {
	return [...]string{"create", "edit", "complete", "toggle", "delete", "clear"}[k]
}

// Op is an operation with its value.
type Op struct {
	Kind      Kind
	Title     string
	Completed bool
}

// apply returns the state behind an operation, and whether it could be done: to a task
// that is not there only Create can.
func (o Op) apply(s State) (State, bool) {
	if o.Kind == Create {
		if s.Phase == Absent {
			return State{Present, o.Title, o.Completed}, true
		}
		return s, s.Phase == Present
	}
	if s.Phase != Present {
		// A server that lost the answer to a deletion asks again, and is content with a
		// tombstone, whoever left it.
		return s, o.Kind == Clear || o.Kind == Delete && s.Phase == Deleted
	}
	switch o.Kind {
	case Retitle:
		s.Title = o.Title
	case Complete:
		s.Completed = o.Completed
	case Toggle:
		s.Completed = !s.Completed
	case Delete:
		s = State{Phase: Deleted}
	case Clear:
		if s.Completed {
			s = State{Phase: Deleted}
		}
	}
	return s, true
}

// MaxUnknown is how many operations of unknown outcome a task may have. A client leaves
// one alone that has as many.
const MaxUnknown = 5

// world is a way in which all can have happened: a state, and which of the unknown
// operations have been applied.
type world struct {
	state   State
	applied uint8
}

// Task is the history of one task. Its methods return an error, which a person can read,
// where what is said contradicts the history; the task then goes on from what was said.
// It is not safe for concurrent use.
type Task struct {
	ID string

	worlds  map[world]bool
	unknown []Op
	version int64 // the latest that was seen
	lines   []string
}

// NewTask is a task that was never made.
func NewTask(id string) *Task {
	return &Task{ID: id, worlds: map[world]bool{{}: true}}
}

// Unknown is how many operations may yet be applied.
func (t *Task) Unknown() int { return len(t.unknown) }

// Version is the latest that was seen, 0 for none.
func (t *Task) Version() int64 { return t.version }

// Could reports whether the task may be in this phase now.
func (t *Task) Could(p Phase) bool {
	for w := range t.reachable() {
		if w.state.Phase == p {
			return true
		}
	}
	return false
}

// reachable are the worlds in which any of the unknown operations have been applied too,
// in any order.
func (t *Task) reachable() map[world]bool {
	found := map[world]bool{}
	var visit func(w world)
	visit = func(w world) {
		if found[w] {
			return
		}
		found[w] = true
		for i, op := range t.unknown {
			if w.applied&(1<<i) != 0 {
				continue
			}
			state, _ := op.apply(w.state)
			visit(world{state, w.applied | 1<<i})
		}
	}
	for w := range t.worlds {
		visit(w)
	}
	return found
}

// MaybeDone says that an operation was sent, and that nothing is known of it.
func (t *Task) MaybeDone(op Op) {
	if len(t.unknown) == MaxUnknown {
		panic("history: a task with more unknown operations than can be followed")
	}
	t.unknown = append(t.unknown, op)
}

// Done says that an operation was acknowledged with this state, behind which nothing is
// known of the version.
func (t *Task) Done(op Op, told State) error {
	worlds := map[world]bool{}
	reachable := t.reachable()
	for w := range reachable {
		if state, ok := op.apply(w.state); ok && state == told {
			worlds[world{state, w.applied}] = true
		}
	}
	return t.settle(worlds, told, fmt.Sprintf("%s was acknowledged with %s", op.Kind, told), reachable)
}

// MustFit says that an operation on many tasks, this one perhaps among them, was
// acknowledged. It returns the least and the most number of tasks that are this one.
func (t *Task) MustFit(op Op) (least, most int) {
	worlds := map[world]bool{}
	least = 1
	for w := range t.reachable() {
		state, ok := op.apply(w.state)
		if !ok {
			state = w.state
		}
		if state != w.state {
			most = 1
		} else {
			least = 0
		}
		worlds[world{state, w.applied}] = true
	}
	t.worlds = worlds
	return least, most
}

// Seen says that the task was seen in this state.
func (t *Task) Seen(told State) error {
	reachable := t.reachable()
	worlds := map[world]bool{}
	for w := range reachable {
		if w.state == told || told.Phase == Absent && w.state.Phase == Deleted {
			worlds[w] = true
		}
	}
	return t.settle(worlds, told, "was seen as "+told.String(), reachable)
}

// Missing says that there is no such task, be it deleted or never made.
func (t *Task) Missing() error { return t.Seen(State{}) }

// SeenVersion says with which version the task was seen. Versions of a task never fall.
func (t *Task) SeenVersion(version int64) error {
	if version < t.version {
		return fmt.Errorf("version: %d was seen after %d", version, t.version)
	}
	t.version = version
	return nil
}

// settle goes on from worlds, or, where there is none, from what was told.
func (t *Task) settle(worlds map[world]bool, told State, what string, before map[world]bool) error {
	t.worlds = worlds
	if len(worlds) > 0 {
		t.forget()
		return nil
	}
	err := fmt.Errorf("%w: %s, but it must be %s", rule(told, before), what, possible(before))
	t.worlds, t.unknown = map[world]bool{{state: told}: true}, nil
	return err
}

// forget drops the unknown operations that must have been applied by now.
func (t *Task) forget() {
	for i := len(t.unknown) - 1; i >= 0; i-- {
		everywhere := true
		for w := range t.worlds {
			everywhere = everywhere && w.applied&(1<<i) != 0
		}
		if !everywhere {
			continue
		}
		t.unknown = slices.Delete(t.unknown, i, i+1)
		worlds := map[world]bool{}
		for w := range t.worlds {
			low := w.applied & (1<<i - 1)
			worlds[world{w.state, low | w.applied>>(i+1)<<i}] = true
		}
		t.worlds = worlds
	}
}

// Rules that a history can break.
var (
	ErrLost    = errors.New("lost write")
	ErrRevived = errors.New("deleted task is back")
	ErrToggled = errors.New("toggle")
)

// rule says in a word what kind of contradiction it is.
func rule(told State, before map[world]bool) error {
	mustBeGone, sameTitle := true, false
	for w := range before {
		mustBeGone = mustBeGone && w.state.Phase == Deleted
		sameTitle = sameTitle || w.state.Phase == Present && w.state.Title == told.Title
	}
	switch {
	case told.Phase == Present && mustBeGone:
		return ErrRevived
	case told.Phase == Present && sameTitle:
		return ErrToggled
	}
	return ErrLost
}

func possible(worlds map[world]bool) string {
	var states []string
	for w := range worlds {
		states = append(states, w.state.String())
	}
	slices.Sort(states)
	return strings.Join(slices.Compact(states), ", or ")
}

// maxLines is how much of the history is kept to be read.
const maxLines = 30

// Note adds a line to what is printed of the history.
func (t *Task) Note(at time.Duration, format string, args ...any) {
	if len(t.lines) == maxLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, fmt.Sprintf("%9.3fs  ", at.Seconds())+fmt.Sprintf(format, args...))
}

// Lines are the latest of the history.
func (t *Task) Lines() []string { return t.lines }
