package history

import (
	"fmt"
	"strings"
	"sync"
)

// User is what all clients of one user have been told together. It is safe for concurrent
// use.
type User struct {
	ID string

	mu       sync.Mutex
	seen     int64 // the greatest version that anybody was told
	versions map[int64]string
}

// NewUser knows nothing yet.
func NewUser(id string) *User { return &User{ID: id, versions: map[int64]string{}} }

// Mark is how each title of the user begins.
func (u *User) Mark() string { return u.ID + ":" }

// Own returns an error where a task that this user was shown is another's.
func (u *User) Own(owner, title string) error {
	if owner != u.ID || !strings.HasPrefix(title, u.Mark()) {
		return fmt.Errorf("foreign row: %s was shown %q of %s", u.ID, title, owner)
	}
	return nil
}

// Latest is the greatest version that was told until now. A change that begins now gets a
// greater one.
func (u *User) Latest() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen
}

// Saw says that somebody was told a version.
func (u *User) Saw(version int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = max(u.seen, version)
}

// Changed says that a change was acknowledged with a version, when the latest had been
// told before it began. No two changes have the same one.
func (u *User) Changed(task string, version, latest int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = max(u.seen, version)
	if version <= latest {
		return fmt.Errorf("version: a change got %d after %d had been told", version, latest)
	}
	if other, ok := u.versions[version]; ok {
		return fmt.Errorf("version: changes of %s and %s both got %d", other, task, version)
	}
	u.versions[version] = task
	// An hour has millions; what is long past cannot come again unnoticed, for versions rise.
	if len(u.versions) > 10_000 {
		clear(u.versions)
	}
	return nil
}
