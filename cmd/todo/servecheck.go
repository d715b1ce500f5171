package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/pgurl"
)

// checkTimeout is how long --check waits for the database, which may be waking up.
const checkTimeout = 15 * time.Second

var errWouldNotStart = errors.New("the server would not start as it is configured")

// report prints what the server would do, with no secret, and asks the database and the
// token issuer once; it listens nowhere, so it can be run beside a server. found is what
// readConfig says.
func (c config) report(ctx context.Context, out io.Writer, found error) error {
	if found != nil {
		return found
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, text string) { fmt.Fprintf(table, "%s\t%s\n", name, text) }
	row("API", c.listens())
	row("public URL", orNone(c.PublicURL, "PUBLIC_URL is not set: links have paths"))
	row("probes", orNone(c.AdminAddr, "no probes, metrics or profiles: ADMIN_ADDR is not set"))
	row("database", describe(c.DatabaseURL))
	row("migrations", c.migrates())
	tokens := c.verifierConfig(nil)
	if tokens.Secret != nil {
		row("tokens", "HS256 with BETTER_AUTH_SECRET; "+policyText(tokens.SecretPolicy))
	}
	if tokens.JWKSURL != "" {
		row("tokens", strings.Join(auth.KeySetAlgorithms(), ", ")+" with the keys of "+withoutSecrets(tokens.JWKSURL)+"; "+policyText(tokens.JWKSPolicy))
	}
	row("lifetime", lifetimeText(c.JWTMaxTTL))
	row("browsers", orNone(strings.Join(c.CORSOrigins, ", "), "pages of other origins may not call the API: CORS_ORIGINS is not set"))
	row("proxies", orNone(strings.Join(c.TrustedProxies, ", "), "none is trusted: the client is who connects"))
	row("limits", fmt.Sprintf("%s a user and second; %s of one address may fail a second; %s a user",
		amount(c.RateLimit, "requests"), amount(c.AuthFailureLimit, "logins"), amount(float64(c.MaxTasksPerUser), "tasks")))
	row("docs page", map[bool]string{true: "served at /docs", false: "not served"}[c.Docs])
	row("log", fmt.Sprintf("%s and above; users by %s", c.LogLevel, map[bool]string{true: "id", false: "hash"}[c.LogUserIDs]))
	row("stop", fmt.Sprintf("still takes requests for %s after it is told to", c.Drain))
	for _, warning := range append(c.warnings(os.Environ()), tokens.Warnings()...) {
		row("WARNING", warning)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	verdict := func(name, fine string, err error) error {
		if err != nil {
			row("FAILED", name+": "+strings.Join(strings.Fields(err.Error()), " "))
			return errWouldNotStart
		}
		row("ok", name+": "+fine)
		return nil
	}
	schema, warnings, err := c.askDatabase(ctx)
	for _, warning := range warnings {
		row("WARNING", warning)
	}
	failed := verdict("database", fmt.Sprintf("it answers, its schema is at version %d, and row-level security holds", schema.Version), err)
	if tokens.JWKSURL != "" {
		keys, err := c.askIssuer(ctx)
		failed = errors.Join(failed, verdict("token issuer", fmt.Sprintf("%d keys", keys), err))
	}
	if err := table.Flush(); err != nil || failed == nil {
		return err
	}
	return errWouldNotStart
}

func (c config) askDatabase(ctx context.Context) (schema db.Schema, warnings []string, err error) {
	pool, err := c.open(ctx)
	if err != nil {
		return schema, nil, err
	}
	defer pool.Close()
	if schema, err = pool.Check(ctx); err != nil {
		return schema, nil, err
	}
	warnings, err = pool.CheckHardening(ctx)
	return schema, warnings, err
}

func (c config) askIssuer(ctx context.Context) (keys int, err error) {
	verifier, err := c.verifier(nil)
	if err != nil {
		return 0, err
	}
	err = verifier.Fetch(ctx)
	return verifier.Stats().KeySet.Keys, err
}

func (c config) listens() string {
	switch {
	case c.Port == "":
		return c.Addr
	case addrIsSet():
		return c.Addr + " (ADDR; PORT is set, too, and does not count)"
	}
	return c.Addr + " (PORT, since ADDR is not set)"
}

func (c config) migrates() string {
	direct, err := c.directURL()
	if err != nil {
		return err.Error()
	}
	return c.directVariable() + ": " + describe(direct)
}

func describe(databaseURL string) string {
	t, err := pgurl.Describe(databaseURL)
	if err != nil {
		return "?"
	}
	text := fmt.Sprintf("%s at %s as %s, %s", t.Database, strings.Join(t.Addresses, " or "), t.User, t.Encryption)
	if len(t.Variables) > 0 {
		text += "; where the URL says nothing: " + strings.Join(t.Variables, ", ")
	}
	return text
}

func policyText(p auth.Policy) string {
	must := func(claim, value string) string {
		if value == "" {
			return claim + " is not checked"
		}
		return claim + " must be " + value
	}
	return fmt.Sprintf("%s, %s, the user is %q", must("iss", p.Issuer), must("aud", p.Audience), p.UserClaim)
}

func lifetimeText(most time.Duration) string {
	if most == 0 {
		return "a token is accepted until its exp, however far that is: JWT_MAX_TTL is not set"
	}
	return fmt.Sprintf("a token that is valid for longer than %s is refused", most)
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func amount(n float64, of string) string {
	if n == 0 {
		return "any number of " + of
	}
	return fmt.Sprintf("%g %s", n, of)
}

// withoutSecrets leaves out of a URL what may be a password or a key.
func withoutSecrets(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "?"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
