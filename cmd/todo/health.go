package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout is longer than the server itself waits for the database.
const healthTimeout = 4 * time.Second

func healthCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "health",
		Short: "Check the health of the server on this machine (for containers, whose image has no curl)",
		Long: "Requests /livez at ADMIN_ADDR if that is set, else /health at ADDR.\n" +
			"The exit code is 0 if the reply is 200, else 1.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("addr") {
				c.Addr, c.AdminAddr = addr, ""
			}
			return c.health(cmd.Context())
		},
	}
	c.Flags().StringVar(&addr, "addr", "", "request /health at this address, host:port (takes precedence over ADDR and ADMIN_ADDR)")
	return c
}

func (c config) health(ctx context.Context) error {
	url := "http://" + dialAddr(c.Addr) + "/health"
	if c.AdminAddr != "" {
		url = "http://" + dialAddr(c.AdminAddr) + "/livez"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// A proxy set in the environment is for other hosts, so use none.
	response, err := (&http.Transport{}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// dialAddr returns the address at which this machine can dial a server that listens
// on addr: 127.0.0.1 for an unspecified host, because an image without /etc/hosts
// cannot resolve localhost.
func dialAddr(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}
