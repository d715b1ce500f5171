package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postmaster is the process that the data says serves it, 0 for none.
func postmaster(data string) int {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || !alive(pid) {
		return 0
	}
	return pid
}

// stopLeftover stops the server of a keeper that was killed. A number in a
// file may by now be any process's, in a restarted container quite likely so:
// only one that names this data on its command line is stopped.
func stopLeftover(data string) error {
	pid := postmaster(data)
	if pid == 0 || pid == os.Getpid() || pid == os.Getppid() {
		return nil
	}
	program, arguments := commandLine(pid)
	switch {
	case strings.Contains(arguments, "-D "+data+" "):
		return stopFast(pid, data)
	case program == "" || strings.HasPrefix(program, "postgres") || program == "postmaster":
		return fmt.Errorf("process %d may be a PostgreSQL server at work in %s: stop it, "+
			"or, if it is another one, remove %s/postmaster.pid", pid, data, data)
	}
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil {
		return fmt.Errorf("removing what an interrupted PostgreSQL server left: %w", err)
	}
	return nil
}

// stopFast does what pg_ctl's fast mode does, for when no pg_ctl was found yet.
func stopFast(pid int, data string) error {
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stopping the PostgreSQL server (process %d) that a killed program left in %s: %w", pid, data, err)
	}
	deadline := time.Now().Add(startTimeout)
	for postmaster(data) == pid {
		if time.Now().After(deadline) {
			return fmt.Errorf("the PostgreSQL server (process %d) that a killed program left in %s does not stop: stop it, then start again", pid, data)
		}
		time.Sleep(lockInterval)
	}
	return nil
}

func commandLine(pid int) (program, arguments string) {
	if content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		arguments = strings.ReplaceAll(string(content), "\x00", " ")
	} else {
		out, _ := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
		arguments = string(out)
	}
	fields := strings.Fields(arguments)
	if len(fields) == 0 {
		return "", ""
	}
	return filepath.Base(fields[0]), arguments
}
