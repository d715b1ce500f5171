package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	superuser      = "postgres"
	dataName       = "data"
	unfinishedName = "data.unfinished"
	passwordName   = "password"
)

// stateNames are what a server keeps beside its data.
var stateNames = []string{unfinishedName, passwordName, "lock", "log", "run", "server", "cache"}

// initPatience is for an initdb that outlived its keeper.
const initPatience = time.Minute

func (o order) path(name string) string { return filepath.Join(o.Dir, name) }
func (o order) data() string            { return o.path(dataName) }

// dataMajor is the major version that made the data, 0 where there is none
// yet. The library deletes data whose version is not the one it was told, so
// nothing may reach it that has not been seen here.
func (o order) dataMajor(ctx context.Context) (int, error) {
	if err := o.discardUnfinished(ctx); err != nil {
		return 0, err
	}
	content, err := os.ReadFile(filepath.Join(o.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(o.data())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("reading the data of PostgreSQL: %w", err)
		}
		if len(entries) > 0 {
			return 0, fmt.Errorf("%s is not empty, and not the data of a PostgreSQL server: "+
				"it is left as it is; move it away to begin with an empty database", o.data())
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the data of PostgreSQL: %w", err)
	}
	version := strings.TrimSuffix(string(content), "\n")
	major, err := strconv.Atoi(version)
	if err != nil || strconv.Itoa(major) != version || major < oldestMajor {
		return 0, fmt.Errorf("%s holds data of PostgreSQL %q, and version %d or newer is needed: "+
			"the data is left as it is; dump it with its own version, or move the folder away to begin with an empty database",
			o.data(), version, oldestMajor)
	}
	return major, nil
}

// refuseMajor is for data that no server on this machine can read.
func (o order) refuseMajor(major int, cause error) error {
	return fmt.Errorf("%s holds data of PostgreSQL %d: %w. The data is left as it is. "+
		"Install PostgreSQL %d, or set PG_BIN to the folder of its programs; "+
		"or move the folder away to begin with an empty database", o.data(), major, cause, major)
}

// markUnfinished is called before a new cluster is made, markFinished once it
// has answered. In between nobody was given its address, so a folder that is
// still marked holds nothing of anyone's and may be made anew.
func (o order) markUnfinished() error {
	err := os.WriteFile(o.path(unfinishedName), []byte(strconv.Itoa(os.Getpid())), 0o600)
	if err != nil {
		return fmt.Errorf("preparing the data of PostgreSQL: %w", err)
	}
	return o.sync()
}

func (o order) markFinished() error {
	if err := os.Remove(o.path(unfinishedName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("finishing the data of PostgreSQL: %w", err)
	}
	// A mark that comes back after a power failure would cost the data.
	return o.sync()
}

func (o order) sync() error {
	dir, err := os.Open(o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// discardUnfinished first waits for what the interrupted keeper left running:
// an initdb that fails in the end removes the folder, by then perhaps ours.
func (o order) discardUnfinished(ctx context.Context) error {
	content, err := os.ReadFile(o.path(unfinishedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the state of PostgreSQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, initPatience)
	defer cancel()
	group, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	for group > 1 && syscall.Kill(-group, 0) == nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is still being made by process group %d, which a killed program left behind: stop it, then start again", o.data(), group)
		case <-time.After(lockInterval):
		}
	}
	if err := os.RemoveAll(o.data()); err != nil {
		return fmt.Errorf("removing data that was never finished: %w", err)
	}
	return nil
}

// password makes one for a new cluster and keeps it for the next start.
func (o order) password(fresh bool) (string, error) {
	file := o.path(passwordName)
	content, err := os.ReadFile(file)
	password := strings.TrimSpace(string(content))
	switch {
	case err == nil && password != "":
		return password, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("reading the password of PostgreSQL: %w", err)
	case !fresh:
		return "", fmt.Errorf("%s is missing or empty, and the data beside it cannot be opened without: "+
			"restore it, or move the folder away to begin with an empty database", file)
	}
	password = rand.Text()
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the password of PostgreSQL: %w", err)
	}
	return password, nil
}
