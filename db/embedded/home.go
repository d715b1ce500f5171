package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
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

// locate finds or makes the folder: dir, or, where root's server cannot reach
// that, one that replaces it.
func (c Config) locate(dir string) (*home, error) {
	if os.Geteuid() != 0 {
		h := &home{dir: dir, user: strconv.Itoa(os.Geteuid())}
		_, err := h.settle()
		return h, err
	}
	// The sum tells apart the folders of several projects.
	sum := sha256.Sum256([]byte(dir))
	instead := filepath.Join(stateDir, fmt.Sprintf("%s-%x", filepath.Base(dir), sum[:6]))
	if exists(filepath.Join(dir, "data")) || !exists(instead) {
		h, err := homeOfRoot(dir)
		if err != nil {
			return nil, err
		}
		if made, err := h.settle(); err == nil || !made {
			return h, err
		}
		_ = os.Remove(dir)
	}
	h, err := homeOfRoot(instead)
	if err != nil {
		return nil, err
	}
	c.progress("the database is in %s: user %s, as whom PostgreSQL runs here, has no way into %s", instead, h.user, dir)
	_, err = h.settle()
	return h, err
}

// homeOfRoot prefers the owner of the folder, so that one run as root does not
// take the database away from the user who made it.
func homeOfRoot(dir string) (*home, error) {
	u, err := user.Lookup("nobody")
	if info, errStat := os.Stat(dir); errStat == nil {
		// initdb insists on a user that has a name.
		owner, errOwner := user.LookupId(fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid))
		if errOwner == nil && owner.Uid != "0" {
			u, err = owner, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user nobody to run it as: "+
			"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", err)
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	credential := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{uint32(gid)}}
	return &home{dir: dir, user: u.Username, credential: credential}, errors.Join(errUID, errGID)
}

// settle makes the folder, and says so, where there is none, and sees that its
// user can work in it.
func (h *home) settle() (made bool, err error) {
	if !exists(h.dir) {
		if err := h.make(); err != nil {
			return false, fmt.Errorf("making the folder of PostgreSQL: %w", err)
		}
		made = true
	}
	// Trying asks the kernel, because mode bits do not tell about access lists,
	// user namespaces and network mounts.
	err = h.run("touch lock", "")
	if refused := (*exec.ExitError)(nil); errors.As(err, &refused) {
		return made, fmt.Errorf("user %[1]s, as whom PostgreSQL runs here, cannot work in %[2]s: make its parent folders passable (chmod o+x), "+
			"give it to that user (chown -R %[1]s %[2]s), or move it away to begin with an empty database: %[3]w", h.user, h.dir, err)
	}
	if err != nil {
		return false, fmt.Errorf("PostgreSQL does not run as root, and this root may not become user %s: "+
			"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", h.user, err)
	}
	return made, nil
}

func (h *home) make() error {
	if err := errors.Join(os.MkdirAll(filepath.Dir(h.dir), 0o755), os.Mkdir(h.dir, 0o700)); err != nil || h.credential == nil {
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
