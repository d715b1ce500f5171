package db

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitSilence has the kernel give up a TCP connection whose other side has acknowledged
// nothing for that long (TCP_USER_TIMEOUT, RFC 5482). Its own limit is a quarter of an
// hour.
func limitSilence(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
