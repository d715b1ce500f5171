package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db"
	todohttp "github.com/securetodo/securetodo/http"
)

// shutdownTimeout is how long a stop waits for requests that have begun.
const shutdownTimeout = 30 * time.Second

func serveCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API (production; reads the environment)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("addr") {
				c.Addr = addr
			}
			if c.DatabaseURL == "" {
				return errors.New("DATABASE_URL is not set; for a server with its own PostgreSQL, for development, run `todo dev`")
			}
			return serve(cmd.Context(), c, c.logger(), service{
				listen: func(ctx context.Context) (net.Listener, error) { return listen(ctx, c.Addr) },
			})
		},
	}
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (wins over ADDR)")
	return c
}

// listen names the variable where an address cannot be had.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("ADDR: %w: stop what listens there, or choose another with --addr", err)
	}
	return listener, nil
}

// service is where serve and dev differ.
type service struct {
	// listen is called when everything else is ready.
	listen func(context.Context) (net.Listener, error)
	// wrap may put something in front of the API; nil for nothing.
	wrap func(http.Handler) http.Handler
	// demoUser and demoToken are filled in on the docs page; empty for none.
	demoUser, demoToken string
	// ready is told when requests are answered; nil for nobody.
	ready func()
}

// serve runs the API until ctx ends, then finishes what it has begun. It refuses
// to listen unless the schema fits and row-level security holds.
func serve(ctx context.Context, c config, log *slog.Logger, s service) error {
	verifier, err := c.verifier(log)
	if err != nil {
		return err
	}
	pool, err := c.open(ctx, db.WithLogger(log))
	if err != nil {
		return err
	}
	defer pool.Close()
	schema, err := pool.Check(ctx)
	if err != nil {
		return fmt.Errorf("refusing to start: %w", err)
	}
	switch {
	case schema.Dirty:
		log.Warn("a migration is under way or was cut off, `todo migrate status` says which; every query of this program can run there", "schema_version", schema.Version)
	case schema.Version != schema.BuiltFor:
		log.Warn("the schema is not the one this program was built for, but every query of it can run there", "schema_version", schema.Version)
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	served := todohttp.Config{
		DB: pool, Verifier: verifier, CORSOrigins: c.CORSOrigins, Log: log,
		Docs: c.Docs, DemoUser: s.demoUser, DemoToken: s.demoToken,
	}
	handler := todohttp.NewHandler(served)
	if s.wrap != nil {
		handler = s.wrap(handler)
	}
	failed := make(chan error, 2)
	probes, err := c.serveAdmin(ctx, served, failed)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer probes.close()
	server := todohttp.NewServer(handler, log)
	go func() { failed <- server.Serve(listener) }()
	go verifier.Run(ctx)
	log.Info("listening", "address", listener.Addr().String(), "version", version())
	if s.ready != nil {
		s.ready()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	probes.stopping()
	log.Info("stopping")
	// ctx has ended; what it began gets its own time.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("stopping: some requests did not end within %s: %w", shutdownTimeout, err)
	}
	return nil
}
