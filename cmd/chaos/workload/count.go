package workload

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Class is what became of a request, as its client saw it.
type Class int

const (
	OK          Class = iota // 2xx
	ClientError              // 4xx
	Unavailable              // 503
	Other                    // another status, no HTTP, or no answer in RequestTimeout
	Lost                     // connection refused or broken
	Left                     // the client left before the answer, on purpose
)

// NumberOfClasses is how many there are.
const NumberOfClasses = 6

func (c Class) String() string { return [...]string{"2xx", "4xx", "503", "other", "lost", "left"}[c] }

// Classes are all of them.
func Classes() []Class { return []Class{OK, ClientError, Unavailable, Other, Lost, Left} }

// Tally counts requests of each kind by what became of them.
type Tally struct {
	mu     sync.Mutex
	counts map[string]*[NumberOfClasses]int
	others map[string]int // what they were
}

func (t *Tally) add(kind string, c Class, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts, t.others = map[string]*[NumberOfClasses]int{}, map[string]int{}
	}
	if t.counts[kind] == nil {
		t.counts[kind] = &[NumberOfClasses]int{}
	}
	t.counts[kind][c]++
	if c == Other || c == Lost {
		t.others[c.String()+": "+kind+": "+what]++
	}
}

// Sent is how many requests there were.
func (t *Tally) Sent() (sent int) {
	t.Each(func(_ string, counts [NumberOfClasses]int) {
		sent = 0
		for _, n := range counts {
			sent += n
		}
	})
	return sent
}

// Each calls f for every kind in the order of names, and in the end for all together.
func (t *Tally) Each(f func(kind string, counts [NumberOfClasses]int)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kinds []string
	var all [NumberOfClasses]int
	for kind, counts := range t.counts {
		kinds = append(kinds, kind)
		for c, n := range counts {
			all[c] += n
		}
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		f(kind, *t.counts[kind])
	}
	f("all", all)
}

// Others are what became of the requests that count as other or lost, the most frequent
// first.
func (t *Tally) Others() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for what, n := range t.others {
		lines = append(lines, fmt.Sprintf("%7d  %s", n, what))
	}
	slices.Sort(lines)
	slices.Reverse(lines)
	return lines
}

// Violation is something that no order of events explains.
type Violation struct {
	User, Task string
	Err        error
	Lines      []string // the history of the task
}

func (v Violation) String() string {
	text := fmt.Sprintf("%s %s: %v", v.User, v.Task, v.Err)
	if len(v.Lines) > 0 {
		text += "\n  " + strings.Join(v.Lines, "\n  ")
	}
	return text
}

// violations keeps the first of each rule.
type violations struct {
	mu    sync.Mutex
	first []Violation
	count map[string]int // by rule, the first words of an error
}

const keptViolations = 5 // of a rule

func (vs *violations) add(v Violation) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	rule, _, _ := strings.Cut(v.Err.Error(), ":")
	if vs.count == nil {
		vs.count = map[string]int{}
	}
	vs.count[rule]++
	if vs.count[rule] <= keptViolations {
		vs.first = append(vs.first, v)
	}
}
