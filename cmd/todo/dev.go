package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/embedded"
)

// demoTTL is how long the printed token is valid.
const demoTTL = 7 * 24 * time.Hour

func devCommand() *cobra.Command {
	var data, addr string
	c := &cobra.Command{
		Use:   "dev",
		Short: "Serve the API for development, on an embedded PostgreSQL where DATABASE_URL is unset",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("addr") {
				c.Addr = addr
			}
			return dev(cmd.Context(), c, data, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&data, "data", ".data", "folder of the embedded PostgreSQL and the secret")
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (wins over ADDR)")
	return c
}

// dev brings up all that a frontend developer needs and says how to use it.
func dev(ctx context.Context, c config, data string, out io.Writer) error {
	if err := mustBeFree(ctx, c.Addr); err != nil {
		return err
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return err
	}
	if c.DatabaseURL == "" {
		server, err := embedded.Start(ctx, embedded.Config{
			Dir: filepath.Join(data, "postgres"), MirrorURL: os.Getenv("POSTGRES_MIRROR_URL"), Progress: out,
		})
		if err != nil {
			return err
		}
		defer server.Stop()
		c.DatabaseURL, c.DatabaseURLUnpooled = server.URL(), server.URL()
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		go func() {
			<-server.Done()
			cancel(errors.New("the embedded PostgreSQL ended by itself"))
		}()
	}
	if c.Secret == "" {
		if c.Secret, err = keepSecret(filepath.Join(data, "secret")); err != nil {
			return err
		}
	}
	if len(c.CORSOrigins) == 0 {
		c.CORSOrigins = []string{"http://localhost:3000", "http://localhost:5173"}
	}
	if err := migrateUp(ctx, c); err != nil {
		return err
	}
	token, err := c.sign(auth.Identity{UserID: "demo", Email: "demo@example.test"}, demoTTL)
	if err != nil {
		return err
	}
	err = serve(ctx, c, c.logger(), func(addr net.Addr) { greet(out, addr, token) })
	return errors.Join(err, stopCause(ctx))
}

// stopCause is why ctx ended, nil where a person ended it.
func stopCause(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// mustBeFree fails before anything is started for nothing.
func mustBeFree(ctx context.Context, addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w: stop what listens there, or choose another with --addr", err)
	}
	return listener.Close()
}

func migrateUp(ctx context.Context, c config) error {
	url, err := c.directURL()
	if err != nil {
		return err
	}
	m, err := db.NewMigrator(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(m.Up(), m.Close())
}

// keepSecret returns the secret in a file, which it makes at the first time.
func keepSecret(path string) (string, error) {
	secret, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(secret)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	made := base64.StdEncoding.EncodeToString(random)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return made, os.WriteFile(path, []byte(made+"\n"), 0o600)
}

func greet(out io.Writer, addr net.Addr, token string) {
	_, port, _ := net.SplitHostPort(addr.String())
	base := "http://localhost:" + port
	fmt.Fprintf(out, `
The API is at %[1]s, for the user demo, whose token is

%[2]s

List the tasks:

curl -H 'Authorization: Bearer %[2]s' %[1]s/api/demo/tasks

Create one:

curl -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' -d '{"title":"Buy milk"}' %[1]s/api/demo/tasks

Ctrl-C stops it; the data stays.
`, base, token)
}
