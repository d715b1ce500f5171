package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/embedded"
	"github.com/securetodo/securetodo/db/migration"
	todohttp "github.com/securetodo/securetodo/http"
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
	var o devOptions
	var addr string
	c := &cobra.Command{
		Use:   "dev",
		Short: "Serve the API for development, with an embedded PostgreSQL unless DATABASE_URL is set",
		Long: `Serve the API for development, with an embedded PostgreSQL unless DATABASE_URL is set.

Variables are also read from the file .env of this folder, where they are not set; no
other command reads it. Listens on loopback unless ADDR or --addr says otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := loadEnvironmentFile(".env", cmd.OutOrStdout()); err != nil {
				return err
			}
			c, err := readConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("addr") {
				c.Addr = addr
			} else if c.Addr, err = devAddress(c.Addr); err != nil {
				return err
			}
			o.out, o.log = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return dev(cmd.Context(), c, o)
		},
	}
	c.Flags().StringVar(&o.data, "data", ".data", "folder of the embedded PostgreSQL, the secret and the key")
	c.Flags().StringVar(&addr, "addr", "", "address to listen on, host:port (takes precedence over ADDR)")
	c.Flags().BoolVar(&o.migrate, "migrate", false, "migrate the database of DATABASE_URL (its own is always migrated)")
	return c
}

// loadEnvironmentFile sets the variables of a file that are not set.
func loadEnvironmentFile(path string, out io.Writer) error {
	err := godotenv.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		// Its error quotes the file, which has secrets in it.
		return fmt.Errorf("%s: must have lines such as NAME=value, with quotes around a value of several words", path)
	}
	fmt.Fprintf(out, "variables that are not set are read from %s\n", path)
	return nil
}

// devAddress returns the address to listen on: that of ADDR if it is set, else loopback.
func devAddress(addr string) (string, error) {
	if os.Getenv("ADDR") != "" {
		return addr, nil
	}
	_, port, err := net.SplitHostPort(addr)
	return net.JoinHostPort("127.0.0.1", port), err
}

type devOptions struct {
	data    string // folder
	migrate bool
	out     io.Writer // gets how to use the API
	log     io.Writer
}

// dev starts all that a frontend developer needs and prints how to use it.
func dev(ctx context.Context, c config, o devOptions) error {
	// Listen first, so that nothing else is started if the address is in use.
	listener, err := listen(ctx, c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if o.data, err = filepath.Abs(o.data); err != nil {
		return err
	}
	own := c.DatabaseURL == ""
	if own {
		server, err := embedded.Start(ctx, embedded.Config{
			Dir: filepath.Join(o.data, "postgres"), MirrorURL: os.Getenv("POSTGRES_MIRROR_URL"), Progress: o.out,
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
	if err := migrateUp(ctx, c, own || o.migrate); err != nil {
		return err
	}
	hosts := todohttp.LocalHosts(c.Addr, listener.Addr().String())
	s := serveOptions{
		dev:     true,
		listen:  func(context.Context) (net.Listener, error) { return listener, nil },
		dropped: droppedBy(o.log), hosts: hosts, corsLoopback: true,
	}
	u := usage{base: localURL(listener), data: o.data}
	if u.token, s.wrap, err = devKeys(&c, u.base, o.data, hosts); err != nil {
		return err
	}
	u.keySet = s.wrap != nil
	if own {
		u.database = c.DatabaseURL
	}
	if u.token != "" {
		s.demoUser, s.demoToken = demoUser, u.token
	}
	c.Docs = true
	c.Drain = 0 // there is no load balancer, and Ctrl-C stops it
	s.ready = func() { u.print(o.out) }
	return errors.Join(serve(ctx, c, c.logger(o.log), s), stopCause(ctx))
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

// migrateUp migrates the database if it may, and returns an error if it may not and there
// is something to migrate: it may be one that other programs, or people, work on.
func migrateUp(ctx context.Context, c config, may bool) error {
	url, err := c.directURL()
	if err != nil {
		return err
	}
	m, err := migration.Open(ctx, url, migration.Config{})
	if err != nil {
		return err
	}
	if may {
		return errors.Join(m.Up(ctx), m.Close())
	}
	waiting, err := m.Plan(ctx)
	if err == nil && len(waiting) > 0 {
		err = fmt.Errorf("%s names a database to which %d migrations are not applied, from %s on: `todo dev --migrate` applies them, `todo migrate plan` prints them; "+
			"without that variable dev has a database of its own", c.directVariable(), len(waiting), waiting[0])
	}
	return errors.Join(err, m.Close())
}
