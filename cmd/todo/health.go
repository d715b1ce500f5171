package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout is longer than the server's own patience with the database.
const healthTimeout = 4 * time.Second

func healthCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the server on this machine whether it works (for a container, whose image has no curl)",
		Long: "Asks /livez at ADMIN_ADDR where that is set, else /health at ADDR.\n" +
			"The exit code is 0 where the answer is 200, else 1.",
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
	c.Flags().StringVar(&addr, "addr", "", "ask /health at this address, host:port (wins over ADDR and ADMIN_ADDR)")
	return c
}

func (c config) health(ctx context.Context) error {
	url := "http://" + reach(c.Addr) + "/health"
	if c.AdminAddr != "" {
		url = "http://" + reach(c.AdminAddr) + "/livez"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// No proxy: a proxy of the environment is for the way out.
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

// reach is how this machine reaches what listens on an address. It is no name
// where the address has none: an image without /etc/hosts knows no localhost.
func reach(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}
