package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockPatience = 30 * time.Second
	lockInterval = 50 * time.Millisecond
)

// takeLock locks the folder until the file is closed. The lock names the
// program, not the keeper: that is the process a person knows.
func takeLock(ctx context.Context, dir string, program int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the folder of PostgreSQL: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		// The keeper of a program that is gone is about to stop its server.
		holder := holderOf(file)
		if alive(holder) {
			return nil, fmt.Errorf("%s is in use by a running program (process %d): "+
				"stop that one first, or use the server it started", dir, holder)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s is still locked by what process %d left behind: "+
				"find the process that has %s open and stop it", dir, holder, file.Name())
		case <-time.After(lockInterval):
		}
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("locking the folder of PostgreSQL: %w", err)
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(program)+"\n"), 0); err != nil {
		return nil, fmt.Errorf("locking the folder of PostgreSQL: %w", err)
	}
	return file, nil
}

// holderOf is 0 while the holder has not written its number yet.
func holderOf(file *os.File) int {
	content, err := io.ReadAll(io.NewSectionReader(file, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
