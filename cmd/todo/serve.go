package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
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
			return serve(cmd.Context(), c, c.logger(), func(net.Addr) {})
		},
	}
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (wins over ADDR)")
	return c
}

// serve runs the API until ctx ends, then finishes what it has begun. It refuses
// to listen unless the schema fits and row-level security holds.
func serve(ctx context.Context, c config, log *slog.Logger, listening func(net.Addr)) error {
	verifier, err := auth.New(c.verifierConfig(log))
	if err != nil {
		return fmt.Errorf("BETTER_AUTH_SECRET: %w", err)
	}
	pool, err := db.Open(ctx, c.DatabaseURL)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer pool.Close()
	newer, err := pool.Check(ctx)
	if err != nil {
		return fmt.Errorf("refusing to start: %w", err)
	}
	if newer > 0 {
		log.Warn("the schema is newer than this program; every query of it still works", "schema_version", newer)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	server := todohttp.NewServer(todohttp.NewHandler(todohttp.Config{
		DB: pool, Verifier: verifier, CORSOrigins: c.CORSOrigins, Log: log,
	}), log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String(), "version", version())
	listening(listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	// ctx has ended; what it began gets its own time.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("stopping: some requests did not end within %s: %w", shutdownTimeout, err)
	}
	return nil
}
