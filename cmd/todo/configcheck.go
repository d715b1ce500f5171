package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/pgurl"
	todohttp "github.com/securetodo/securetodo/http"
)

// maxLimit is the most requests a second that a limit can name.
const maxLimit = 1_000_000

var errEmptyMember = errors.New("has an empty member: is there a comma too many?")

// check adds what is wrong with the values of the variables.
func (c config) check(found *problems) {
	found.add("DATABASE_URL", checkDatabaseURL(c.DatabaseURL))
	found.add("DATABASE_URL_UNPOOLED", checkDatabaseURL(c.DatabaseURLUnpooled))
	if c.JWKSURL != "" {
		found.add("JWKS_URL", auth.CheckKeySetURL(c.JWKSURL, c.JWKSAllowHTTP))
	}
	found.addIf(c.JWKSMaxStale <= 0, "JWKS_MAX_STALE", "must be a positive duration, such as 24h")
	if c.Secret != "" {
		found.add(secretVariable, auth.CheckSecret([]byte(c.Secret)))
	}
	found.add("JWT_USER_CLAIM", auth.CheckUserClaim(c.UserClaim))
	found.add("HS256_USER_CLAIM", auth.CheckUserClaim(override("", c.SecretUserClaim)))
	found.addIf(c.JWTMaxTTL != 0 && c.JWTMaxTTL < time.Second, "JWT_MAX_TTL", "must be 0 for no limit, or a duration from 1s on, such as 1h")
	found.addIf(c.TokenCacheSize < 0, "TOKEN_CACHE_SIZE", "must be 0 or more")
	found.addIf(c.LivePoll <= 0, "LIVE_POLL", "must be a positive duration, such as 2s")
	_, err := c.proxies()
	found.add("TRUSTED_PROXIES", err)
	_, err = c.publicURL()
	found.add("PUBLIC_URL", err)
	found.add("AUTH_FAILURE_LIMIT", checkRate(c.AuthFailureLimit))
	found.add("RATE_LIMIT", checkRate(c.RateLimit))
	found.addIf(c.MaxTasksPerUser < 0, "MAX_TASKS_PER_USER", "must be 0 for no limit, or more")
	found.add("ADDR", checkAddress(c.Addr, ":8000 or 127.0.0.1:8000"))
	if c.AdminAddr != "" {
		found.add("ADMIN_ADDR", checkAddress(c.AdminAddr, "127.0.0.1:8001"))
		found.addIf(sameAddress(c.Addr, c.AdminAddr), "ADMIN_ADDR", "has the port of ADDR, where the API is served: choose another, such as 127.0.0.1:8001")
	}
	found.addIf(c.Drain < 0, "DRAIN", "must be 0 or a duration, such as 5s")
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		found.add(name, checkCollectorURL(os.Getenv(name)))
	}
}

// checkCollectorURL refuses the URL of a collector with a password that ends too early:
// OpenTelemetry's messages have the URL in them.
func checkCollectorURL(text string) error {
	_, rest, _ := strings.Cut(text, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 && strings.Contains(rest[i:], "@") {
		return fmt.Errorf("has %q before an @: in a password write it %%%02X, and an @ behind the host %%40", rest[i], rest[i])
	}
	if _, err := url.Parse(text); err != nil && rest != "" {
		return errors.New("is no URL such as http://localhost:4318; in a password write % as %25 and a space as %20")
	}
	return nil
}

func checkDatabaseURL(text string) error {
	if text == "" {
		return nil
	}
	return pgurl.Check(text)
}

func checkRate(limit float64) error {
	if limit != 0 && !(0.001 <= limit && limit <= maxLimit) { // NaN, too
		return fmt.Errorf("must be 0 for no limit, or 0.001 to %d requests a second", int(maxLimit))
	}
	return nil
}

// needDatabase and needKeys are what readConfig may be told to need.
func needDatabase(c *config, found *problems) {
	if c.DatabaseURL == "" {
		found.addLine("DATABASE_URL is not set; for development, `todo dev` runs a server with its own PostgreSQL")
	}
}

func needKeys(c *config, found *problems) {
	if c.Secret == "" && c.JWKSURL == "" {
		found.addLine("set JWKS_URL, BETTER_AUTH_SECRET or both: tokens cannot be verified without a key")
	}
}

// needAddr has the flag --addr take precedence over ADDR.
func needAddr(cmd *cobra.Command, addr *string) func(*config, *problems) {
	return func(c *config, found *problems) {
		if cmd.Flags().Changed("addr") {
			c.Addr = *addr
			found.add("--addr", checkAddress(c.Addr, ":8000"))
		}
	}
}

// readOrigins brings the origins into the form that browsers send.
func (c *config) readOrigins(found *problems) {
	for i, origin := range c.CORSOrigins {
		origin = strings.TrimSpace(origin)
		parsed, err := todohttp.ParseOrigin(origin)
		if origin == "" {
			err = errEmptyMember
		}
		found.add("CORS_ORIGINS", err)
		c.CORSOrigins[i] = parsed
	}
}

// proxies are the trusted ones.
func (c config) proxies() ([]netip.Prefix, error) {
	var blocks []netip.Prefix
	for _, text := range c.TrustedProxies {
		text = strings.TrimSpace(text)
		if text == "" {
			return nil, errEmptyMember
		}
		block, err := todohttp.ParseProxy(text)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

// warn prints what may be wrong for a command that keeps no log.
func (c config) warn(out io.Writer) {
	for _, line := range c.warnings(os.Environ()) {
		fmt.Fprintln(out, "todo: warning:", line)
	}
}

// warnings returns what may be meant as it is, and probably is not.
func (c config) warnings(environment []string) []string {
	lines := lookAlikes(environment)
	for _, v := range []struct{ name, value string }{
		{"JWT_ISSUER", c.Issuer},
		{"JWT_AUDIENCE", c.Audience},
		{"HS256_ISSUER", override("", c.SecretIssuer)},
		{"HS256_AUDIENCE", override("", c.SecretAudience)},
	} {
		if strings.Contains(v.value, ",") {
			lines = append(lines, v.name+" has a comma in it and is one value all the same, which a token must have whole: it is no list")
		}
	}
	if slices.Contains(c.CORSOrigins, "*") && len(c.CORSOrigins) > 1 {
		lines = append(lines, "CORS_ORIGINS has * beside other origins, which therefore say nothing: pages of every origin may call the API")
	}
	return lines
}

// publicURL is where clients reach the API, "" where that is where it listens.
func (c config) publicURL() (string, error) {
	if c.PublicURL == "" {
		return "", nil
	}
	return todohttp.ParsePublicURL(c.PublicURL)
}
