package http

import "net/netip"

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
