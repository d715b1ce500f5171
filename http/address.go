package http

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ParseProxy reads an address or a CIDR block of proxies.
func ParseProxy(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		var address netip.Addr
		if address, err = netip.ParseAddr(text); err != nil || address.Zone() != "" {
			return netip.Prefix{}, errors.New("each must be an address such as 10.0.0.5 or a CIDR block such as 10.0.0.0/8 or fd00::/8")
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	if prefix.Bits() == 0 {
		return netip.Prefix{}, errors.New("a block of all addresses would let each client choose its own: name those of the proxies")
	}
	return prefix.Masked(), nil
}

// proxies are the addresses whose X-Forwarded-For is believed.
type proxies []netip.Prefix

func (p proxies) trust(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(block netip.Prefix) bool { return block.Contains(address) })
}

// clientOf returns the address of a request's client: the peer's, or where that is a
// trusted proxy the rightmost of X-Forwarded-For that is not. What stands further left
// anybody may have written. Behind an element that is no address, the client is the proxy
// that passed it on. Forwarded (RFC 7239) is not read: a proxy that writes the one passes
// on what a client wrote into the other.
func (p proxies) clientOf(r *http.Request) netip.Addr {
	client, _ := parseHop(r.RemoteAddr)
	forwarded := strings.Join(r.Header["X-Forwarded-For"], ",")
	for more := true; more && p.trust(client); {
		last := strings.LastIndexByte(forwarded, ',')
		next, ok := parseHop(strings.Trim(forwarded[last+1:], " \t"))
		if !ok {
			break
		}
		client, forwarded, more = next, forwarded[:max(last, 0)], last >= 0
	}
	return client
}

// parseHop reads an address with or without a port, one of IPv6 also in brackets. One of
// IPv4 that is mapped into IPv6 is itself.
func parseHop(text string) (netip.Addr, bool) {
	// That of a peer has a port, and an error would cost it an allocation.
	if hop, err := netip.ParseAddrPort(text); err == nil {
		return hop.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err == nil
}

// networkOf is what a limit by address counts: the address, of IPv6 its /64, which is the
// least that one customer gets.
func networkOf(address netip.Addr) netip.Prefix {
	bits := 64
	if address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits) // of no address, none: they count as one
	return network
}

// clientName returns the client as the log has it. An address is personal data (GDPR,
// recital 30). Beside a user it would tell who that is, so there is only its network, of
// which thousands are a part; where nobody is known, as behind a token that is refused,
// the address is what an operator can act on.
func clientName(addr netip.Addr, beside bool) string {
	if !addr.IsValid() {
		return ""
	}
	if !beside {
		return addr.String()
	}
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	// A prefix of a valid length has no error.
	network, _ := addr.Prefix(bits)
	return string(network.AppendTo(make([]byte, 0, 64)))
}
