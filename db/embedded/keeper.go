package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	keeperMark = "SECURETODO_POSTGRES_KEEPER"
	reportsFD  = 3
)

// order is what the program asks of its keeper, sent through stdin.
type order struct {
	Dir        string
	Account    *account
	Parameters map[string]string
	PGBin      string
	MirrorURL  string
	CacheDir   string
	Program    int

	UsualPlaces []string
}

// report is what the keeper answers: lines of progress, then one that has
// either an error or the port and password of the running server.
type report struct {
	Progress string `json:",omitempty"`
	Error    string `json:",omitempty"`
	Port     int    `json:",omitempty"`
	Password string `json:",omitempty"`
}

// ChildMain must be the first call of main, and of TestMain where tests use
// [Start]: it takes over the process when that was started as the keeper of a
// server, and returns at once otherwise.
func ChildMain() {
	if os.Getenv(keeperMark) == "" {
		return
	}
	_ = os.Unsetenv(keeperMark)
	syscall.CloseOnExec(reportsFD)
	// The reader of our stderr may be gone; the runtime would let that kill us
	// before the server is stopped. Ignoring the signal would be inherited.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := keep(os.Stdin, os.NewFile(reportsFD, "reports")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func keep(stdin io.Reader, reports io.Writer) error {
	out := json.NewEncoder(reports)
	var o order
	if err := json.NewDecoder(stdin).Decode(&o); err != nil {
		return fmt.Errorf("reading the order of the program: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()

	p, err := o.launch(ctx, func(line string) { _ = out.Encode(report{Progress: line}) })
	if err != nil {
		_ = out.Encode(report{Error: err.Error()})
		return err
	}
	_ = out.Encode(report{Port: p.port, Password: p.password})
	select {
	case <-ctx.Done():
		return p.stop()
	case <-p.died():
		return fmt.Errorf("PostgreSQL in %s ended by itself: see its log in %s", o.Dir, o.path("log"))
	}
}

func (o order) launch(ctx context.Context, say func(string)) (*postgres, error) {
	if err := o.Account.become(); err != nil {
		return nil, err
	}
	syscall.Umask(0o077)
	lock, err := takeLock(ctx, o.Dir, o.Program)
	if err != nil {
		return nil, err
	}
	p, err := o.startPostgres(ctx, say)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	p.lock = lock
	return p, nil
}

func (a *account) become() error {
	if a == nil {
		return nil
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups([]int{a.GID}) },
		func() error { return syscall.Setgid(a.GID) },
		func() error { return syscall.Setuid(a.UID) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("PostgreSQL does not run as root, and becoming user %s failed: "+
				"start as another user, or set DATABASE_URL to a PostgreSQL server of your own: %w", a.Name, err)
		}
	}
	return nil
}
