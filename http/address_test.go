package http_test

import (
	"net/http"
	"net/netip"
	"testing"

	todohttp "github.com/securetodo/securetodo/http"
)

func TestClientAddressIsTheRightmostThatIsNoTrustedProxys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1:4711", nil, "192.0.2.1"},
		{"a client that names another", "192.0.2.1:4711", []string{"203.0.113.9"}, "192.0.2.1"},
		{"a proxy", "10.0.0.1:4711", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a proxy that passes on what a client wrote", "10.0.0.1:4711", []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		{"a proxy that adds a header", "10.0.0.1:4711", []string{"203.0.113.9", "192.0.2.1"}, "192.0.2.1"},
		{"two proxies", "10.0.0.1:4711", []string{"203.0.113.9, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"a client that poses as a proxy", "10.0.0.1:4711", []string{"203.0.113.9, 10.0.0.2, 192.0.2.1"}, "192.0.2.1"},
		{"proxies alone", "10.0.0.1:4711", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1:4711", nil, "10.0.0.1"},
		{"an empty header", "10.0.0.1:4711", []string{""}, "10.0.0.1"},
		{"junk", "10.0.0.1:4711", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		{"junk behind a proxy", "10.0.0.1:4711", []string{"<script>, 10.0.0.2"}, "10.0.0.2"},
		{"junk that a client wrote", "10.0.0.1:4711", []string{"unknown,, 192.0.2.1"}, "192.0.2.1"},
		{"white space", "10.0.0.1:4711", []string{"\t192.0.2.1 \t"}, "192.0.2.1"},
		{"a port", "10.0.0.1:4711", []string{"192.0.2.1:50000"}, "192.0.2.1"},
		{"IPv6", "[fd00::1]:4711", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", "[fd00::1]:4711", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", "[fd00::1]:4711", []string{"[2001:db8::1]:50000"}, "2001:db8::1"},
		{"IPv6 with a zone", "[fe80::1%eth0]:4711", []string{"192.0.2.1"}, "fe80::1"},
		{"IPv4 mapped into IPv6", "[::ffff:10.0.0.1]:4711", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"no address", "@", []string{"192.0.2.1"}, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded, "Forwarded": {"for=203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"}}}
			if got := todohttp.ClientOf(prefixes(t, "10.0.0.0/8", "fd00::/8"), r); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func prefixes(t *testing.T, texts ...string) (blocks []netip.Prefix) {
	t.Helper()
	for _, text := range texts {
		block, err := todohttp.ParseProxy(text)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

func TestProxyIsAnAddressOrABlock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.0.0.5":              "10.0.0.5/32",
		"10.1.2.3/8":            "10.0.0.0/8",
		"fd00::1":               "fd00::1/128",
		"fd00::/8":              "fd00::/8",
		"::ffff:10.0.0.5":       "10.0.0.5/32",
		"::ffff:10.0.0.0/104":   "10.0.0.0/8",
		"":                      "",
		"0.0.0.0/0":             "",
		"::/0":                  "",
		"::ffff:0.0.0.0/96":     "",
		"proxy.example":         "",
		"10.0.0.0/33":           "",
		"10.0.0.5:80":           "",
		"fe80::1%eth0":          "",
		"10.0.0.0/255.0.0.0":    "",
		"10.0.0.0/8 10.0.0.0/9": "",
	} {
		got, err := todohttp.ParseProxy(text)
		if (err != nil) != (want == "") || want != "" && got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestAddressLimitCountsANetworkOfIPv6(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
	} {
		if same := todohttp.NetworkOf(netip.MustParseAddr(c.one)) == todohttp.NetworkOf(netip.MustParseAddr(c.other)); same != c.same {
			t.Errorf("%+v", c)
		}
	}
}
