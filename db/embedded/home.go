//go:build unix

package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// stateDir is reachable for every user, unlike root's own folders.
const stateDir = "/var/lib/securetodo"

// home is the server's folder and the user it runs as, which is this process's
// own unless that is root. Root makes the folder and only reads in it: what
// changes in it, processes of its user change, who could misdirect root.
type home struct {
	dir        string
	user       string
	credential *syscall.Credential // nil: this process's own
	locked     *os.File
}

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }
func (h *home) dataDir() string         { return h.path("data") }

// locate finds or makes the folder, and sees that its user can work in it.
func (c Config) locate() (*home, error) {
	h := &home{dir: filepath.Clean(c.Dir), user: strconv.Itoa(os.Geteuid())}
	errParent := os.MkdirAll(filepath.Dir(h.dir), 0o755)
	if os.Geteuid() == 0 {
		if err := c.leaveRoot(h); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user nobody to run it as: "+
				"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", err)
		}
	}
	if err := errors.Join(errParent, h.make()); err != nil {
		return nil, fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	// Trying asks the kernel, because mode bits do not tell about access lists,
	// user namespaces and network mounts.
	if err := h.run("touch lock", ""); err != nil {
		return nil, fmt.Errorf("user %[1]s, as whom PostgreSQL runs here, cannot work in %[2]s: make its parent folders passable (chmod o+x), "+
			"give it to that user (chown -R %[1]s %[2]s), move it away to begin with an empty database, "+
			"or set DATABASE_URL to a PostgreSQL server of your own: %[3]w", h.user, h.dir, err)
	}
	return h, nil
}

// leaveRoot finds the user that root's server runs as: the owner of the folder,
// so that one run as root does not take the database away from the user who made
// it, else nobody. Where that one could not reach a folder yet to be made,
// another takes its place.
func (c Config) leaveRoot(h *home) error {
	u, err := user.Lookup("nobody")
	info, errStat := os.Stat(h.dir)
	if errStat == nil {
		// initdb insists on a user that has a name.
		owner, errOwner := user.LookupId(fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid))
		if errOwner == nil && owner.Uid != "0" {
			u, err = owner, nil
		}
	}
	if err != nil {
		return err
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	h.user, h.credential = u.Username, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{uint32(gid)}}

	// The sum tells apart the folders of several projects.
	sum := sha256.Sum256([]byte(h.dir))
	instead := filepath.Join(stateDir, fmt.Sprintf("%s-%x", filepath.Base(h.dir), sum[:6]))
	parent := &home{dir: filepath.Dir(h.dir), credential: h.credential}
	if errStat != nil && (exists(instead) || parent.run("true", "") != nil) {
		c.progress("the database is in %s: user %s, as whom PostgreSQL runs here, has no way into %s", instead, h.user, h.dir)
		h.dir = instead
	}
	return errors.Join(errUID, errGID, os.MkdirAll(filepath.Dir(h.dir), 0o755))
}

func (h *home) make() error {
	if err := os.Mkdir(h.dir, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil || h.credential == nil {
		return err
	}
	// Whoever can write beside it may have put something else in its place, but
	// no other folder of root's.
	dir, err := os.OpenFile(h.dir, syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	// Some mounts refuse chown; what counts is whether the user can write.
	_ = dir.Chown(int(h.credential.Uid), int(h.credential.Gid))
	return dir.Close()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
