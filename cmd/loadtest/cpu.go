package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/securetodo/securetodo/db/measure"
)

// tick is the unit of Linux's CPU times for programs.
const tick = 10 * time.Millisecond

// cpuTimes is what the server and PostgreSQL's processes for its connections have used so
// far: 0 where that is not known, on systems other than Linux.
type cpuTimes struct{ server, database time.Duration }

func (s *server) cpu(ctx context.Context) (c cpuTimes, err error) {
	backends, err := measure.Backends(ctx, s.databaseURL)
	for _, pid := range backends {
		c.database += cpuTime(pid)
	}
	c.server = cpuTime(s.cmd.Process.Pid)
	return c, err
}

// since is what was used for each of so many requests, in microseconds.
func (c cpuTimes) since(before cpuTimes, requests uint64) (server, database float64) {
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(requests) }
	return each(c.server - before.server), each(c.database - before.database)
}

// cpuTime reads /proc/pid/stat (proc(5)), whose second field, in parentheses, may contain
// anything.
func cpuTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	sum := 0
	for _, field := range fields[11:13] { // utime and stime
		n, _ := strconv.Atoi(string(field))
		sum += n
	}
	return time.Duration(sum) * tick
}
