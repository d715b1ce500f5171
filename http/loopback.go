package http

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

var errHost = &clientError{http.StatusForbidden, "forbidden", "this is a server for development: it answers requests to localhost, and to the host that ADDR names, but not to the host of this one"}

// LocalHosts is for Config.Hosts of a server for development that listens on addresses,
// each a host:port: those of this machine's loopback interface, and the hosts of the
// addresses. Where one is that of all interfaces, any IP address is one too. A name that
// somebody else's DNS leads here never is (DNS rebinding).
func LocalHosts(addresses ...string) func(host string) bool {
	var own []string
	all := false
	for _, address := range addresses {
		host := hostOf(address)
		ip, err := netip.ParseAddr(host)
		own, all = append(own, host), all || host == "" || err == nil && ip.IsUnspecified()
	}
	return func(host string) bool {
		host = hostOf(host)
		_, err := netip.ParseAddr(host)
		return isLoopback(host) || host != "" && slices.Contains(own, host) || all && err == nil
	}
}

// hostOf returns the host of a Host header or of an address, in lower case, without a port
// and a final dot.
func hostOf(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// isLoopback reports whether a host as hostOf returns it is one of the loopback interface:
// localhost and the names below it (RFC 6761, section 6.3), 127.0.0.0/8 and ::1.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.Unmap().IsLoopback()
}

// isLoopbackOrigin reports whether the pages of an origin come from the loopback
// interface, on whichever port.
func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && origin == u.Scheme+"://"+u.Host && isLoopback(hostOf(u.Host))
}

// hosts refuses the requests for other hosts than those that answers, if not nil, knows.
func hosts(answers func(string) bool, next http.Handler) http.Handler {
	if answers == nil {
		return next
	}
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		if !answers(r.Host) {
			return errHost
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
