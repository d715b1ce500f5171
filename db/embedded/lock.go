//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// lock locks the folder until h.locked is closed here and in every process that
// inherited it. The file names the program that holds it, and its child.
func (h *home) lock(ctx context.Context) error {
	var err error
	deadline := time.Now().Add(30 * time.Second)
	h.locked, err = lockFile(ctx, h.path("lock"), func(file *os.File) error {
		var program, child int
		_, _ = fmt.Fscan(io.NewSectionReader(file, 0, 64), &program, &child)
		if alive(program) && alive(child) {
			return fmt.Errorf("%s is in use by a running program (process %d): stop that one first, or use the server it started", h.dir, program)
		}
		// Where one of them is gone, the rest is about to end.
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is still in use by what a killed program left behind: stop the PostgreSQL server in it (process %d)", h.dir, child)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.run("cat >lock", fmt.Sprintln(os.Getpid(), os.Getpid()))
}

// lockFile waits for the lock of a file while busy returns nil.
func lockFile(ctx context.Context, path string, busy func(*os.File) error) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = busy(file)
		}
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(ctx.Err(), file.Close())
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return pid > 0 && (err == nil || errors.Is(err, syscall.EPERM))
}
