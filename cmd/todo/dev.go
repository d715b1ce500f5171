package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/embedded"
	"github.com/securetodo/securetodo/db/migration"
)

const (
	// demoUser is the user of the token that dev prints.
	demoUser = "demo"
	// demoTTL is how long that token is valid.
	demoTTL = 7 * 24 * time.Hour
	// keySetPath is where dev publishes the key of data/key.pem (RFC 8615).
	keySetPath = "/.well-known/jwks.json"
)

func devCommand() *cobra.Command {
	var data, addr string
	c := &cobra.Command{
		Use:   "dev",
		Short: "Serve the API for development, with an embedded PostgreSQL unless DATABASE_URL is set",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("addr") {
				c.Addr = addr
			}
			return dev(cmd.Context(), c, data, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&data, "data", ".data", "folder of the embedded PostgreSQL, the secret and the key")
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (takes precedence over ADDR)")
	return c
}

// dev starts all that a frontend developer needs and prints how to use it to out. Its log
// goes to logged.
func dev(ctx context.Context, c config, data string, out, logged io.Writer) error {
	// Listen first, so that nothing else is started if the address is in use.
	listener, err := listen(ctx, c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if data, err = filepath.Abs(data); err != nil {
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
	if err := migrateUp(ctx, c); err != nil {
		return err
	}
	s := serveOptions{listen: func(context.Context) (net.Listener, error) { return listener, nil }, dropped: droppedBy(logged)}
	if c.Secret == "" {
		if c.Secret, err = loadOrCreateSecret(filepath.Join(data, "secret")); err != nil {
			return err
		}
	}
	if c.JWKSURL == "" {
		key, err := loadOrCreateKey(filepath.Join(data, "key.pem"))
		if err != nil {
			return err
		}
		if s.wrap, err = withKeySet(key); err != nil {
			return err
		}
		c.JWKSURL, c.JWKSAllowHTTP = localURL(listener)+keySetPath, true
	}
	if len(c.CORSOrigins) == 0 {
		c.CORSOrigins = []string{"http://localhost:3000", "http://localhost:5173"}
	}
	token, err := c.sign(auth.Identity{UserID: demoUser, Email: demoUser + "@example.test"}, c.lifetimeOf(demoTTL), "")
	if err != nil {
		return err
	}
	c.Docs, s.demoUser, s.demoToken = true, demoUser, token
	c.Drain = 0 // there is no load balancer, and Ctrl-C stops it
	s.ready = func() { printUsage(out, localURL(listener), token, s.wrap != nil, data) }
	return errors.Join(serve(ctx, c, c.logger(logged), s), stopCause(ctx))
}

// stopCause returns why ctx ended, or nil if a signal ended it.
func stopCause(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// localURL returns the URL of a listener for this machine, with the host localhost
// unless it listens on one external address only.
func localURL(listener net.Listener) string {
	addr := listener.Addr().(*net.TCPAddr)
	host := "localhost"
	if !addr.IP.IsUnspecified() && !addr.IP.Equal(net.IPv4(127, 0, 0, 1)) && !addr.IP.Equal(net.IPv6loopback) {
		host = addr.IP.String()
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

func migrateUp(ctx context.Context, c config) error {
	url, err := c.directURL()
	if err != nil {
		return err
	}
	m, err := migration.Open(ctx, url, migration.Config{})
	if err != nil {
		return err
	}
	return errors.Join(m.Up(ctx), m.Close())
}

// printUsage prints how to use the API at base; keySet says whether it publishes a
// key set.
func printUsage(out io.Writer, base, token string, keySet bool, data string) {
	fmt.Fprintf(out, `
The API is at %[1]s. A token for the user %[3]s:

%[2]s

Try it in a browser, with this token filled in: %[1]s/docs

List the tasks:

curl -H 'Authorization: Bearer %[2]s' %[1]s/api/%[3]s/tasks

Create one:

curl -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' -d '{"title":"Buy milk"}' %[1]s/api/%[3]s/tasks
`, base, token, demoUser)
	if keySet {
		fmt.Fprintf(out, `
EdDSA tokens of the key set %[1]s%[2]s are accepted too. To make one:

go run ./cmd/todo token --user demo --key %[3]s
`, base, keySetPath, filepath.Join(data, "key.pem"))
	}
	fmt.Fprint(out, "\nCtrl-C stops it; the data is kept.\n")
}
