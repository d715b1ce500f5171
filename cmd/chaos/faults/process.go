//go:build unix

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is a program that can be signalled and started again, with the same arguments
// and addresses.
type Process struct {
	program     string
	args        []string
	environment []string
	log         string // path

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start runs the program; what it prints is appended to its log.
func (p *Process) Start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the program has its own
	cmd, ended := exec.Command(p.program, p.args...), make(chan struct{})
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environment, log, log
	// Ctrl-C is this program's, which stops the others in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait(); close(ended) }()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd, p.ended = cmd, ended
	return nil
}

// Signal sends a signal, if the program still runs.
func (p *Process) Signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s)
}

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// HasEnded reports whether the program has ended.
func (p *Process) HasEnded() bool {
	select {
	case <-p.Ended():
		return true
	default:
		return false
	}
}

// Kill ends the program at once.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.Ended()
}

// Todo is the product's program on a database, in an environment of nothing else.
func Todo(program, databaseURL, secret, log string, environment []string, args ...string) *Process {
	return &Process{
		program: program, args: args, log: log,
		environment: append([]string{"DATABASE_URL=" + databaseURL, "DATABASE_URL_UNPOOLED=" + databaseURL, "BETTER_AUTH_SECRET=" + secret}, environment...),
	}
}

// Run runs the program to its end.
func (p *Process) Run() error {
	if err := p.Start(); err != nil {
		return err
	}
	<-p.Ended()
	if !p.cmd.ProcessState.Success() {
		log, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s %v: %s\n%s", p.program, p.args, p.cmd.ProcessState, log)
	}
	return nil
}

// Listens waits until something listens at an address, or the program has ended.
func (p *Process) Listens(ctx context.Context, address string) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if p.HasEnded() || ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("%s does not listen at %s: %w\n%s", p.program, address, err, p.lastLines())
		}
	}
}

// lastLines are the end of the log.
func (p *Process) lastLines() []byte {
	log, _ := os.ReadFile(p.log)
	return log[max(0, len(log)-2000):]
}

// Panics are the lines of the log that tell of a panic.
func (p *Process) Panics() (lines []string) {
	log, _ := os.ReadFile(p.log)
	for line := range bytes.Lines(log) {
		var said struct{ Msg string }
		if json.Unmarshal(line, &said) == nil && said.Msg == "panic" || bytes.HasPrefix(line, []byte("panic:")) || bytes.HasPrefix(line, []byte("fatal error:")) {
			lines = append(lines, string(line))
		}
	}
	return lines
}

// FreeAddress is an address of the loopback interface at which nothing listens.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
