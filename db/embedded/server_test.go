//go:build unix

package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/securetodo/securetodo/db/embedded"
)

func TestServerKeepsDataAndPasswordOverARestart(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	first := start(t, dir)
	query(t, first, `CREATE TABLE kept AS SELECT 'still here' AS word`)
	stop(t, first)
	if !refuses(host(t, first.URL())) {
		t.Error("the server still listens after Stop")
	}

	second := start(t, dir)
	if word := query(t, second, `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the restart: %q", word)
	}
	before, _ := url.Parse(first.URL())
	after, _ := url.Parse(second.URL())
	if before.User.String() != after.User.String() {
		t.Error("the password changed with the restart")
	}
	if err := errors.Join(second.Stop(), second.Stop()); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestServerRequiresAPasswordThatItsOwnerAloneCanRead(t *testing.T) {
	t.Parallel()
	s := running(t)
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := u.User.Password(); len(password) < 20 {
		t.Errorf("the password has %d characters", len(password))
	}
	info, err := os.Stat(filepath.Join(s.Dir(), "password"))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the password's file has mode %o", mode)
	}
	if hash := query(t, s, `SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'`); !strings.HasPrefix(hash, "SCRAM-SHA-256$") {
		t.Errorf("the password is stored as %.15s…", hash)
	}
	if open := query(t, s, `SELECT count(*)::text FROM pg_hba_file_rules WHERE auth_method = 'trust'`); open != "0" {
		t.Errorf("%s rules let anyone in without a password", open)
	}
}

func TestServerListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	s := running(t)
	if got := query(t, s, `SELECT current_setting('listen_addresses') || '|' || current_setting('unix_socket_directories')`); got != "127.0.0.1|" {
		t.Errorf("listens on %q", got)
	}
	_, port, err := net.SplitHostPort(host(t, s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		ip := address.(*net.IPNet).IP
		if !ip.IsLoopback() && ip.To4() != nil && !refuses(net.JoinHostPort(ip.String(), port)) {
			t.Errorf("reachable through %s", ip)
		}
	}
}

func TestServerIsUTF8AndSortsByCodePoint(t *testing.T) {
	t.Parallel()
	s := running(t)
	if got := query(t, s, `SELECT current_setting('server_encoding')`); got != "UTF8" {
		t.Errorf("encoding %s", got)
	}
	if got := query(t, s, `SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['b', 'a', 'B', 'é']) w`); got != "Babé" {
		t.Errorf("sorts as %s", got)
	}
}

func TestStartPassesParametersUnchanged(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	odd := "a \"b\" $HOME `id` \\ 'c'"
	s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: map[string]string{"fsync": "off", "app.odd": odd}})
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, s, `SELECT current_setting('app.odd')`); got != odd {
		t.Errorf("arrived as %s", got)
	}
	if got := query(t, s, `SELECT current_setting('fsync')`); got != "off" {
		t.Errorf("fsync is %s", got)
	}
}

func TestStartRefusesParametersThatOpenTheServerToOthers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"listen_addresses", "port", "unix_socket_directories", "fsync=off -c port"} {
		_, err := tryStart(t, embedded.Config{Dir: reachable(t), Parameters: map[string]string{name: "*"}})
		mustMention(t, err, name)
	}
	_, err := tryStart(t, embedded.Config{Dir: "relative"})
	mustMention(t, err, "relative", "absolute")
}

func TestStartOfSeveralServersAtOnceKeepsThemApart(t *testing.T) {
	t.Parallel()
	servers := make([]*embedded.Server, 3)
	var wg sync.WaitGroup
	for i := range servers {
		dir := prepared(t)
		wg.Go(func() {
			s, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast})
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	seen := map[string]bool{}
	for _, s := range servers {
		seen[host(t, s.URL())] = true
		if got := query(t, s, `SELECT current_setting('data_directory')`); got != filepath.Join(s.Dir(), "data") {
			t.Errorf("the server of %s answers from %s", s.Dir(), got)
		}
	}
	if len(seen) != len(servers) {
		t.Errorf("addresses are shared: %v", seen)
	}
}

func TestStartSaysThatTheFolderIsInUse(t *testing.T) {
	t.Parallel()
	first := running(t)
	_, err := tryStart(t, embedded.Config{Dir: first.Dir(), Parameters: fast})
	mustMention(t, err, first.Dir(), "in use", strconv.Itoa(os.Getpid()))
	if got := query(t, first, `SELECT 'unharmed'`); got != "unharmed" {
		t.Error(got)
	}
}

func TestServerStopsWhenItsProgramIsKilled(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	helper, out := runProgram(t, dir)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the helper said %q: %v", line, err)
	}
	address := host(t, strings.TrimSpace(line))
	if refuses(address) {
		t.Fatal("the helper's server does not answer")
	}

	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	// At once, while the old server is still shutting down.
	next := start(t, dir)
	eventually(t, "the killed program's server is gone", func() bool { return refuses(address) })
	if got := query(t, next, `SELECT 'next'`); got != "next" {
		t.Error(got)
	}
}

func TestServerIsOutOfReachForTheTerminalsInterrupt(t *testing.T) {
	t.Parallel()
	s := running(t)
	group, err := syscall.Getpgid(childOf(t, s.Dir()))
	if err != nil {
		t.Fatal(err)
	}
	if group == syscall.Getpgrp() {
		t.Error("the server is in the program's process group")
	}
}

func TestServerDoneTellsThatItWasKilledAndTheNextStartGoesOn(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	s := start(t, dir)
	query(t, s, `CREATE TABLE kept AS SELECT 'still here' AS word`)
	if err := syscall.Kill(childOf(t, s.Dir()), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if s.Stop() == nil {
		t.Error("Stop does not tell that the server had been killed")
	}

	next := start(t, dir)
	if word := query(t, next, `SELECT word FROM kept`); word != "still here" {
		t.Errorf("after the server was killed: %q", word)
	}
	if !refuses(host(t, s.URL())) && host(t, s.URL()) != host(t, next.URL()) {
		t.Error("the left-over server still runs")
	}
}

func TestServerDoneTellsThatItEnded(t *testing.T) {
	t.Parallel()
	s := start(t, prepared(t))
	pid, err := strconv.Atoi(query(t, s, `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)`))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	mustMention(t, s.Stop(), "ended by itself", s.Dir())
}

func TestServerStopDoesNotCloseDone(t *testing.T) {
	t.Parallel()
	s := start(t, prepared(t))
	stop(t, s)
	select {
	case <-s.Done():
		t.Error("Done is closed after Stop")
	default:
	}
}

func TestStartThatIsCancelledLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := embedded.Start(ctx, embedded.Config{Dir: dir, Parameters: fast, Progress: onProgress(cancel)})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	s := start(t, dir)
	if got := query(t, s, `SELECT 'fine'`); got != "fine" {
		t.Error(got)
	}
}

func TestStartGoesOnAfterInitdbWasKilled(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	killed := onProgress(func() {
		go func() {
			awaitInitdb(t, dir)
			if err := syscall.Kill(childOf(t, dir), syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}()
	})
	_, err := tryStart(t, embedded.Config{Dir: dir, Parameters: fast, Progress: killed})
	mustMention(t, err, dir, "making the database", "killed")
	if _, err := os.Stat(filepath.Join(dir, "data.unfinished")); err != nil {
		t.Fatalf("initdb was killed too late to show anything: %v", err)
	}
	if got := query(t, start(t, dir), `SELECT 'fine'`); got != "fine" {
		t.Error(got)
	}
}

func TestStartGoesOnAfterTheProgramWasKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	helper, _ := runProgram(t, dir)
	awaitInitdb(t, dir)
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Fatal("the program was killed too late to show anything")
	}
	if got := query(t, start(t, dir), `SELECT 'fine'`); got != "fine" {
		t.Error(got)
	}
}

// runProgram starts another program with a server in dir.
func runProgram(t *testing.T, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), helperMark+"="+dir)
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Process.Kill() })
	return program, out
}

func awaitInitdb(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "initdb is at work", func() bool {
		_, err := os.Stat(filepath.Join(dir, "data.unfinished", "PG_VERSION"))
		return err == nil
	})
}

type onProgress func()

func (f onProgress) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}
