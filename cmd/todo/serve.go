package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db"
	todohttp "github.com/securetodo/securetodo/http"
)

func serveCommand() *cobra.Command {
	var addr string
	var check bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API (production; reads the environment)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(needDatabase, needKeys, needAddr(cmd, &addr))
			if check {
				return c.report(cmd.Context(), cmd.OutOrStdout(), err)
			}
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, c.logger(cmd.ErrOrStderr()), serveOptions{
				listen:  func(ctx context.Context) (net.Listener, error) { return listen(ctx, c.Addr) },
				dropped: droppedBy(cmd.ErrOrStderr()),
			})
		},
	}
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (takes precedence over ADDR)")
	c.Flags().BoolVar(&check, "check", false, "say what the server would do, ask the database and the token issuer once, and exit: 0 if it would start")
	return c
}

// listen listens on addr. The error names the variable ADDR.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("ADDR: %w: stop the program that listens there, or choose another address with --addr", err)
	}
	return listener, nil
}

// serveOptions holds what differs between the commands serve and dev.
type serveOptions struct {
	// dev says that it is for development.
	dev bool
	// listen is called when everything else is ready.
	listen func(context.Context) (net.Listener, error)
	// wrap adds a handler in front of the API, if not nil.
	wrap func(http.Handler) http.Handler
	// demoUser and demoToken are filled in on the docs page, if not empty.
	demoUser, demoToken string
	// hosts tells for which Host requests are answered; all if nil.
	hosts func(host string) bool
	// corsLoopback lets the pages of this machine call the API.
	corsLoopback bool
	// ready is called when requests are served, if not nil.
	ready func()
	// dropped counts the lines of the log that were dropped, if not nil.
	dropped func() int64
}

// name is that of the server's connections.
func (s serveOptions) name() string {
	if s.dev {
		return "todo dev"
	}
	return "todo"
}

// serve runs the API until ctx ends. Then it goes on for c.Drain, so that load balancers
// see that it is not ready, and finishes the requests in progress. It does not listen
// unless all queries can run on the schema and row-level security is enforced; where the
// database is away at the start, it waits for it.
func serve(ctx context.Context, c config, log *slog.Logger, s serveOptions) error {
	// A write to a standard error that nobody reads any more fails, instead of ending
	// the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	for _, warning := range c.warnings(os.Environ()) {
		log.Warn(warning)
	}
	limitMemory(log, memlimit.FromCgroup)
	verifier, err := c.verifier(log)
	if err != nil {
		return err
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	publicURL, err := c.publicURL()
	if err != nil {
		return err
	}
	// What requests need goes on until the last of them has ended.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	pool, err := c.open(background, db.WithLogger(log), db.WithName(s.name()))
	if err != nil {
		return err
	}
	defer closePool(pool)
	var streams sync.WaitGroup
	connections := todohttp.NewConnections(maxConnections(pool))
	_, most := connections.Count()
	api := todohttp.Config{
		DB: pool, Verifier: verifier, CORSOrigins: c.CORSOrigins, Log: log, LivePoll: c.LivePoll, MaxStreams: maxStreams(most),
		Stop: ctx.Done(), Streams: &streams, Docs: c.Docs, DemoUser: s.demoUser, DemoToken: s.demoToken, Hosts: s.hosts, CORSLoopback: s.corsLoopback,
		TrustedProxies: proxies, PublicURL: publicURL, AuthFailureLimit: c.AuthFailureLimit, RateLimit: c.RateLimit, MaxTasks: c.MaxTasksPerUser,
	}
	flush, err := c.observe(background, &api, connections, s.dropped)
	if err != nil {
		return err
	}
	defer flush()
	serveErrs := make(chan error, 2)
	probes, err := c.serveAdmin(ctx, api, serveErrs)
	if err != nil {
		return err
	}
	defer probes.close()
	if err := awaitDatabase(ctx, pool, log); err != nil || ctx.Err() != nil {
		return err
	}
	if err := s.checkHardening(ctx, pool, log); err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	handler := todohttp.NewHandler(api)
	if s.wrap != nil {
		handler = s.wrap(handler)
	}
	server := todohttp.NewServer(handler, log)
	go func() { serveErrs <- connections.Serve(server, listener.(*net.TCPListener)) }()
	go verifier.Run(background)
	probes.ready()
	log.Info("listening", "address", listener.Addr().String(), "version", build().Version, "max_connections", most)
	if s.ready != nil {
		s.ready()
	}
	select {
	case err := <-serveErrs:
		return err
	case <-ctx.Done():
	}
	probes.notReady()
	log.Info("stopping", "drain", c.Drain.String())
	select {
	case err := <-serveErrs:
		return err
	case <-time.After(c.Drain):
	}
	return stop(server, connections, &streams, stopTimeout)
}
