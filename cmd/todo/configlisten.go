package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// isNumber reports whether text has nothing but digits.
func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// addrIsSet reports whether the operator chose an address.
func addrIsSet() bool { return os.Getenv("ADDR") != "" }

// usePort takes the port that platforms such as Heroku and Cloud Run choose, where ADDR
// does not say otherwise.
func (c *config) usePort(found *problems) {
	if c.Port == "" || addrIsSet() {
		return
	}
	if n, err := strconv.ParseUint(c.Port, 10, 16); !isNumber(c.Port) || err != nil || n == 0 {
		found.add("PORT", errors.New("must be a port, 1 to 65535, such as 8080; ADDR takes a host, too"))
		return
	}
	c.Addr = ":" + c.Port
}

// checkAddress returns an error if addr is no host:port to listen on. example is one.
func checkAddress(addr, example string) error {
	host, port, err := net.SplitHostPort(addr)
	switch {
	case isNumber(addr):
		return errors.New("is a port alone: write a colon before it, as in :8000")
	case strings.Contains(addr, "://"):
		return fmt.Errorf("is a URL: write host:port alone, such as %s", example)
	case err != nil && strings.Count(addr, ":") > 1 && !strings.Contains(addr, "["):
		return errors.New("must be host:port with an IPv6 address in brackets, as in [::1]:8000")
	case err != nil:
		return fmt.Errorf("must be host:port, such as %s", example)
	case port == "":
		return fmt.Errorf("has no port: write it behind the colon, as in %s", example)
	case isNumber(port):
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return errors.New("has a port above 65535, which is the highest")
		}
	default:
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil {
			return fmt.Errorf("must end with the number of a port, as in %s", example)
		}
	}
	if strings.ContainsAny(host, " /@,;") {
		return fmt.Errorf("must be host:port with one host, such as %s", example)
	}
	return nil
}

// sameAddress reports whether no two servers can listen on both.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	all := func(host string) bool { return host == "" || net.ParseIP(host).IsUnspecified() }
	return hostA == hostB || all(hostA) || all(hostB)
}
