package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// stateDir is reachable for every user, unlike root's own folders.
const stateDir = "/var/lib/securetodo"

// account is the user the server runs as.
type account struct {
	Name string
	UID  int
	GID  int
}

// home is where the server really lives; account is nil where the program is
// not root and the server runs as the same user.
type home struct {
	dir     string
	account *account
	note    string
}

func settle(dir string) (home, error) {
	substitute := substituteFor(dir)
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target
	}
	if os.Geteuid() != 0 {
		return home{dir: dir}, settleAsUser(dir)
	}
	if !hasData(dir) && hasData(substitute) {
		return settleInstead(dir, substitute)
	}
	who, err := accountFor(dir)
	if err != nil {
		return home{}, err
	}
	ok, err := give(dir, who)
	switch {
	case err != nil:
		return home{}, err
	case ok:
		return home{dir: dir, account: who}, nil
	case hasData(dir):
		return home{}, fmt.Errorf("%s holds a database, but user %s, as whom PostgreSQL runs here, cannot reach it: "+
			"make its parent folders passable (chmod o+x), or move %s to %s", dir, who.Name, dir, substitute)
	}
	return settleInstead(dir, substitute)
}

func settleAsUser(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	if uid, ok := owner(dir); ok && uid != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (uid %d; root's runs leave it to nobody): "+
			"start as root, or give it to yourself with chown -R, or remove it to begin with an empty database", dir, uid)
	}
	return nil
}

func settleInstead(dir, substitute string) (home, error) {
	who, err := accountFor(substitute)
	if err != nil {
		return home{}, err
	}
	ok, err := give(substitute, who)
	if err != nil {
		return home{}, err
	}
	if !ok {
		return home{}, fmt.Errorf("user %s, as whom PostgreSQL runs here, can reach neither %s nor %s: "+
			"make the parent folders of one of them passable (chmod o+x), or set DATABASE_URL to a PostgreSQL server of your own",
			who.Name, dir, substitute)
	}
	note := fmt.Sprintf("the database is in %s: user %s, as whom PostgreSQL runs here, has no way into %s", substitute, who.Name, dir)
	return home{dir: substitute, account: who, note: note}, nil
}

// substituteFor carries a hash because many projects have a folder of the same name.
func substituteFor(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(stateDir, fmt.Sprintf("%s-%x", filepath.Base(dir), sum[:6]))
}

func hasData(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, dataName, "PG_VERSION"))
	return err == nil
}

// accountFor prefers the owner of the folder, so that one run as root does not
// take the database away from the user who made it.
func accountFor(dir string) (*account, error) {
	if uid, ok := owner(dir); ok && uid != 0 {
		// initdb insists on a user that has a name.
		if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
			return accountOf(u)
		}
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user nobody to run it as: "+
			"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", err)
	}
	return accountOf(u)
}

func accountOf(u *user.User) (*account, error) {
	uid, errUID := strconv.Atoi(u.Uid)
	gid, errGID := strconv.Atoi(u.Gid)
	return &account{Name: u.Username, UID: uid, GID: gid}, errors.Join(errUID, errGID)
}

// give makes dir a folder of who's and tells whether who can work in it.
func give(dir string, who *account) (bool, error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return false, fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	if ok, err := who.can(`cd "$1"`, parent); !ok || err != nil {
		return false, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	if uid, ok := owner(dir); ok && uid != who.UID {
		// Some mounts refuse chown, or accept it without effect; what counts is
		// whether the user can write.
		_ = os.Lchown(dir, who.UID, who.GID)
		handOver(dir, who)
	}
	return who.can(`cd "$1" && test -w .`, dir)
}

// handOver covers a folder that root restored from a backup. It names what it
// hands over, in case Dir was the wrong folder.
func handOver(dir string, who *account) {
	for _, name := range slices.Concat(stateNames, []string{dataName}) {
		_ = filepath.WalkDir(filepath.Join(dir, name), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_ = os.Lchown(path, who.UID, who.GID)
			}
			return nil
		})
	}
}

// can asks the kernel by trying, because mode bits do not tell about access
// lists, user namespaces and network mounts.
func (a *account) can(script, dir string) (bool, error) {
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir)
	cmd.Dir = "/"
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID), Groups: []uint32{uint32(a.GID)}},
	}
	err := cmd.Run()
	var refused *exec.ExitError
	if errors.As(err, &refused) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("PostgreSQL does not run as root, and this root may not become user %s: "+
			"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", a.Name, err)
	}
	return true, nil
}

func owner(path string) (uid int, ok bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
