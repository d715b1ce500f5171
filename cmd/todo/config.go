package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/migration"
)

// config holds the settings read from the environment. The README's table and
// .env.example are generated from its tags.
type config struct {
	DatabaseURL         string        `env:"DATABASE_URL" example:"postgres://todo:secret@ep-example-pooler.eu-central-1.aws.neon.tech/todo?sslmode=require" doc:"PostgreSQL URL for queries; on Neon the pooled one"`
	DatabaseURLUnpooled string        `env:"DATABASE_URL_UNPOOLED" example:"postgres://todo:secret@ep-example.eu-central-1.aws.neon.tech/todo?sslmode=require" doc:"direct PostgreSQL URL for migrations; DATABASE_URL if unset, unless that is the URL of a pooler"`
	DBDistributed       bool          `env:"DB_DISTRIBUTED" envDefault:"false" doc:"true if the database distributes rows over nodes (Citus); see sql/OUTGROWING.md"`
	JWKSURL             string        `env:"JWKS_URL" example:"https://app.example/api/auth/jwks" doc:"URL of the token issuer's key set (JWKS), for tokens signed with a public-key algorithm; https, or http on a loopback host"`
	JWKSAllowHTTP       bool          `env:"JWKS_ALLOW_HTTP" envDefault:"false" doc:"true to allow an http JWKS_URL on any host"`
	JWKSMaxStale        time.Duration `env:"JWKS_MAX_STALE" envDefault:"24h" doc:"how long keys are used after the last successful fetch of the key set"`
	Secret              string        `env:"BETTER_AUTH_SECRET" doc:"HS256 secret shared with the token issuer, at least 32 bytes that nobody can guess, such as openssl rand -base64 32 makes"`
	Issuer              string        `env:"JWT_ISSUER" example:"https://app.example" doc:"required iss claim; not checked if empty"`
	Audience            string        `env:"JWT_AUDIENCE" example:"https://app.example" doc:"required aud claim; not checked if empty"`
	UserClaim           string        `env:"JWT_USER_CLAIM" envDefault:"sub" doc:"claim that holds the user id: the name of a claim, or else a dotted path such as user.id"`
	SecretIssuer        *string       `env:"HS256_ISSUER" example:"" doc:"replaces JWT_ISSUER for HS256 tokens; not checked if set but empty"`
	SecretAudience      *string       `env:"HS256_AUDIENCE" example:"" doc:"replaces JWT_AUDIENCE for HS256 tokens; not checked if set but empty"`
	SecretUserClaim     *string       `env:"HS256_USER_CLAIM" example:"user.id" doc:"replaces JWT_USER_CLAIM for HS256 tokens"`
	JWTMaxTTL           time.Duration `env:"JWT_MAX_TTL" envDefault:"0" doc:"how long a token may be valid, from its iat to its exp, or from now where it has no iat; a token that is valid for longer is refused; 0 for no limit"`
	TokenCacheSize      int           `env:"TOKEN_CACHE_SIZE" envDefault:"10000" doc:"number of verified tokens to cache, each for at most 5 minutes; 0 disables the cache"`
	LivePoll            time.Duration `env:"LIVE_POLL" envDefault:"2s" doc:"how often a user with open streams of changes is asked for what other servers wrote"`
	CORSOrigins         []string      `env:"CORS_ORIGINS" example:"https://app.example,http://localhost:3000" doc:"comma-separated origins that may call the API from a browser; one label of a host may be *, as in https://*.app.example; * alone for all"`
	TrustedProxies      []string      `env:"TRUSTED_PROXIES" example:"10.0.0.0/8,fd00::/8" doc:"comma-separated addresses or CIDR blocks of the proxies whose X-Forwarded-For says who the client is; the rightmost address there that is not one of them counts"`
	AuthFailureLimit    float64       `env:"AUTH_FAILURE_LIMIT" envDefault:"10" doc:"how many requests a second may fail authentication from one address (of IPv6 its /64), ten times as many at once; beyond it they are 429, not 401, while valid tokens are always served; 0 for no limit"`
	RateLimit           float64       `env:"RATE_LIMIT" envDefault:"0" doc:"requests a second that one user may send to each server, twice as many at once; beyond it they are 429; 0 for no limit"`
	MaxTasksPerUser     int64         `env:"MAX_TASKS_PER_USER" envDefault:"0" doc:"how many tasks one user may have; beyond it creating is 429; a create then counts them, so that it takes as long as reading as many entries of an index; 0 for no limit"`
	PublicURL           string        `env:"PUBLIC_URL" example:"https://example.com/todo" doc:"base URL under which clients reach the API, where a proxy strips a prefix off the path; Location, Link, the type of a problem and the contract then have URLs below it, and paths without it"`
	Docs                bool          `env:"DOCS" envDefault:"false" doc:"true to serve an interactive API page at /docs"`
	Addr                string        `env:"ADDR" envDefault:":8000" doc:"address to listen on, host:port"`
	Port                string        `env:"PORT" example:"8080" doc:"port to listen on, on all addresses, where ADDR is not set, as Heroku, Cloud Run and their like choose it"`
	AdminAddr           string        `env:"ADMIN_ADDR" example:"127.0.0.1:8001" doc:"second address, host:port, for the probes /livez and /readyz, for /metrics and for /debug/pprof/, which ADDR never serves; none if empty"`
	Drain               time.Duration `env:"DRAIN" envDefault:"5s" doc:"how long a server that is told to stop still takes requests, while /readyz is 503: longer than load balancers need to notice; 0 to stop at once"`
	LogLevel            slog.Level    `env:"LOG_LEVEL" envDefault:"INFO" doc:"least severe level to log: DEBUG, INFO, WARN or ERROR"`
	LogUserIDs          bool          `env:"LOG_USER_IDS" envDefault:"false" doc:"true to log a user's id instead of its hash, and the client's whole address beside it"`
	OTLPEndpoint        string        `env:"OTEL_EXPORTER_OTLP_ENDPOINT" example:"http://localhost:4318" doc:"URL of an OpenTelemetry collector that gets traces; none if empty. The other OTEL_ variables count too: see DEPLOY.md"`
}

// formats describe the values of a type.
var formats = map[reflect.Type]string{
	reflect.TypeFor[bool]():          "true or false",
	reflect.TypeFor[int]():           "a whole number",
	reflect.TypeFor[int64]():         "a whole number",
	reflect.TypeFor[float64]():       "a number such as 10 or 0.5",
	reflect.TypeFor[time.Duration](): "a duration such as 24h or 90m",
	reflect.TypeFor[slog.Level]():    "DEBUG, INFO, WARN or ERROR",
}

// secretVariable names the one variable that is a secret whole.
const secretVariable = "BETTER_AUTH_SECRET"

// readConfig reads the environment. The error is a *configError: a line for each variable
// that is wrong, without its value, which may be a secret. needs are what a command cannot
// do without.
func readConfig(needs ...func(*config, *problems)) (config, error) {
	var found problems
	checkForm(&found)
	c, err := env.ParseAs[config]()
	var aggregate env.AggregateError
	if errors.As(err, &aggregate) {
		for _, err := range aggregate.Errors {
			var parse env.ParseError
			if !errors.As(err, &parse) {
				return c, err
			}
			field, _ := reflect.TypeFor[config]().FieldByName(parse.Name)
			found.add(field.Tag.Get("env"), errors.New("must be "+formats[field.Type]))
		}
	} else if err != nil {
		return c, err
	}
	c.readOverrides()
	c.usePort(&found)
	c.readOrigins(&found)
	c.check(&found)
	for _, need := range needs {
		need(&c, &found)
	}
	return c, found.err()
}

// readOverrides reads the variables that may be set but empty, which package env
// treats as unset.
func (c *config) readOverrides() {
	fields := reflect.ValueOf(c).Elem()
	for i, field := range reflect.VisibleFields(fields.Type()) {
		if field.Type != reflect.TypeFor[*string]() {
			continue
		}
		if value, ok := os.LookupEnv(field.Tag.Get("env")); ok {
			fields.Field(i).Set(reflect.ValueOf(&value))
		}
	}
}

// verifierConfig returns the settings of package auth.
func (c config) verifierConfig(log *slog.Logger) auth.Config {
	policy := auth.Policy{Issuer: c.Issuer, Audience: c.Audience, UserClaim: c.UserClaim}
	a := auth.Config{
		SecretPolicy: auth.Policy{
			Issuer:    override(policy.Issuer, c.SecretIssuer),
			Audience:  override(policy.Audience, c.SecretAudience),
			UserClaim: override(policy.UserClaim, c.SecretUserClaim),
		},
		JWKSURL: c.JWKSURL, JWKSPolicy: policy, JWKSAllowHTTP: c.JWKSAllowHTTP, JWKSMaxStale: c.JWKSMaxStale,
		MaxTTL: c.JWTMaxTTL, CacheSize: c.TokenCacheSize, Log: log,
	}
	if c.Secret != "" {
		a.Secret = []byte(c.Secret)
	}
	return a
}

// override returns what replacement points to, or value if it is nil.
func override(value string, replacement *string) string {
	if replacement != nil {
		return *replacement
	}
	return value
}

// verifier returns an error if there is neither a secret nor a key set.
func (c config) verifier(log *slog.Logger) (*auth.Verifier, error) {
	var missing problems
	if needKeys(&c, &missing); missing.err() != nil {
		return nil, missing.err()
	}
	return auth.New(c.verifierConfig(log))
}

// open opens the pool for queries.
func (c config) open(ctx context.Context, options ...db.Option) (*db.Pool, error) {
	if c.DBDistributed {
		options = append(options, db.WithDistributed)
	}
	pool, err := db.Open(ctx, c.DatabaseURL, options...)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return pool, nil
}

// directURL returns the URL for migrations.
func (c config) directURL() (string, error) {
	switch {
	case c.DatabaseURLUnpooled != "":
		return c.DatabaseURLUnpooled, nil
	case c.DatabaseURL == "":
		return "", errors.New("set DATABASE_URL_UNPOOLED or DATABASE_URL to the database to migrate")
	case migration.IsPooler(c.DatabaseURL):
		return "", errors.New("DATABASE_URL names a -pooler host, through which migrations cannot take their lock: set DATABASE_URL_UNPOOLED to the direct URL (the same host without -pooler)")
	}
	return c.DatabaseURL, nil
}

// directVariable returns the name of the variable that directURL returns.
func (c config) directVariable() string {
	if c.DatabaseURLUnpooled != "" {
		return "DATABASE_URL_UNPOOLED"
	}
	return "DATABASE_URL"
}

// logger returns a logger that writes JSON lines.
func (c config) logger(out io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: c.LogLevel}))
}
