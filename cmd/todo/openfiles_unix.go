//go:build unix

package main

import "syscall"

// openFiles is how many files this process may have open at once (ulimit -n).
func openFiles() uint64 {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 1024
	}
	return uint64(files.Cur) // signed on some systems
}
