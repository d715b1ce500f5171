package http

import (
	"fmt"
	"sync"

	"github.com/securetodo/securetodo/db"
)

const (
	// replyBytes are what replies hold at most that clients have not read yet, and
	// replyShare is one user's share of them.
	replyBytes = 32 << 20
	replyShare = 8 << 20
	// uncounted is what a reply may hold for nothing: the kernel takes it at once, so it
	// waits for no client.
	uncounted = 16 << 10
	// exportBytes is what one export holds: a piece of the reply, what collects it, and a
	// compressor. maxExports is how many run concurrently.
	exportBytes = exportPiece + 1<<20
	exportPiece = 2 << 20
	maxExports  = 8
)

// Budget bounds the bytes of memory that replies hold while their clients read them, all
// together and those of one user. It is safe for concurrent use.
type Budget struct {
	of         string // what holds it, for the log
	max, share int
	retryAfter int // seconds

	mu    sync.Mutex
	inUse int
	shed  int64
	users map[string]int
}

// BudgetStats are what a budget is at.
type BudgetStats struct {
	InUse, Max int   // bytes
	Shed       int64 // how many replies ever found no room
}

// NewReplyBudget is for lists, changes and events that are larger than 16 KiB.
func NewReplyBudget() *Budget { return newBudget("replies", replyBytes, replyShare, retryAfter) }

// NewExportBudget is for exports, one a user.
func NewExportBudget() *Budget {
	return newBudget("exports", maxExports*exportBytes, exportBytes, 30)
}

func newBudget(of string, most, share, retryAfter int) *Budget {
	return &Budget{of: of, max: most, share: share, retryAfter: retryAfter, users: map[string]int{}}
}

// Stats returns what the budget is at now, and how often it was not enough.
func (b *Budget) Stats() BudgetStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return BudgetStats{InUse: b.inUse, Max: b.max, Shed: b.shed}
}

// room is what a reply has taken of a budget. The zero value is nothing.
type room struct {
	budget *Budget
	user   string
	bytes  int
}

// take takes room for a reply, which must be released, or returns an overBudgetError. A
// user may have the share, and no more than is left for all others: so few users never
// take the room of the next one.
func (b *Budget) take(user string, bytes int) (room, error) {
	if bytes <= uncounted {
		return room{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	left, used := b.max-b.inUse, b.users[user]+bytes
	if bytes > left || used > min(b.share, left) {
		b.shed++
		return room{}, &overBudgetError{b, bytes <= left}
	}
	b.inUse += bytes
	b.users[user] = used
	return room{b, user, bytes}, nil
}

func (r room) release() {
	b := r.budget
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inUse -= r.bytes
	if b.users[r.user] -= r.bytes; b.users[r.user] == 0 {
		delete(b.users, r.user)
	}
}

// overBudgetError is a db.ErrUnavailable: a client does the same about it.
type overBudgetError struct {
	budget *Budget
	ofUser bool
}

func (e *overBudgetError) Error() string {
	whose := "all users"
	if e.ofUser {
		whose = "this user"
	}
	return fmt.Sprintf("the %s of %s that are being read hold as much memory as they may (of all: %d MiB)", e.budget.of, whose, e.budget.max>>20)
}

func (e *overBudgetError) Is(target error) bool { return target == db.ErrUnavailable }
