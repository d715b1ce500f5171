package http

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

var (
	errOrigin         = errors.New("each must be an origin like https://app.example, without a path or a trailing slash, or * for all")
	errOriginHost     = errors.New("the host of an origin is no name and no address that a browser would send")
	errOriginWildcard = errors.New("a * stands for one whole label of an http or https origin's host, as in https://*.app.example, and not for the last")
)

// defaultPorts are left out by browsers.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// ParseOrigin returns an origin in the form in which browsers send it in the header
// Origin (Fetch standard, and the host parser of the URL standard): in lower case, a
// name in Punycode, an address in its shortest form, without the scheme's default
// port. One label of the host may be *, which allows says more of; * alone is itself.
// An error does not have the value in it.
func ParseOrigin(s string) (string, error) {
	if s == "*" {
		return s, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || s[len(u.Scheme):] != "://"+u.Host {
		return "", errOrigin
	}
	standard, isWeb := defaultPorts[u.Scheme]
	if !isWeb { // that of an app or an extension, which browsers leave as it is
		if strings.Contains(u.Host, "*") {
			return "", errOriginWildcard
		}
		return u.Scheme + "://" + u.Host, nil
	}
	host, err := parseOriginHost(u)
	if err != nil {
		return "", err
	}
	if port := strings.TrimLeft(u.Port(), "0"); port != "" && port != standard {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// lookup maps a name as the URL standard does: underscores and hyphens anywhere, ß as
// itself.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))

var (
	hostName    = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$`)
	hostPattern = regexp.MustCompile(`^([a-z0-9_-]+\.)*\*(\.[a-z0-9_-]+)+\.?$`)
	// numberLast is what browsers read as an IPv4 address.
	numberLast = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`)
)

func parseOriginHost(u *url.URL) (string, error) {
	host, inBrackets := u.Hostname(), strings.HasPrefix(u.Host, "[")
	if address, err := netip.ParseAddr(host); err == nil {
		switch {
		case address.Is4() && !inBrackets:
			return address.String(), nil
		case address.Is6() && inBrackets && address.Zone() == "" && !address.Is4In6():
			return "[" + address.String() + "]", nil
		}
		return "", errOriginHost
	}
	host, err := lookup.ToASCII(host)
	switch {
	case err != nil || numberLast.MatchString(host):
		return "", errOriginHost
	case hostName.MatchString(host), hostPattern.MatchString(host):
		return host, nil
	case strings.Contains(host, "*"):
		return "", errOriginWildcard
	}
	return "", errOriginHost
}

// allows reports whether an origin is one of those that ParseOrigin returned. Their *
// is any one label: https://*.app.example is https://a.app.example, but neither
// https://app.example nor https://a.b.app.example.
func allows(origins []string, origin string) bool {
	return slices.ContainsFunc(origins, func(allowed string) bool {
		before, after, isPattern := strings.Cut(allowed, "*")
		if !isPattern || allowed == "*" {
			return isPattern || allowed == origin
		}
		label, begins := strings.CutPrefix(origin, before)
		label, ends := strings.CutSuffix(label, after)
		return begins && ends && label != "" && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
	})
}
