package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
)

func tokenCommand() *cobra.Command {
	var identity auth.Identity
	var ttl time.Duration
	var key string
	c := &cobra.Command{
		Use:   "token",
		Short: "Print a token for development, signed with BETTER_AUTH_SECRET or an Ed25519 key",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			c.warn(cmd.ErrOrStderr())
			if !cmd.Flags().Changed("ttl") {
				ttl = c.lifetimeOf(ttl)
			}
			token, err := c.sign(identity, ttl, key)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	c.Flags().StringVar(&identity.UserID, "user", "", "the user's id")
	c.Flags().StringVar(&identity.Email, "email", "", "the user's e-mail")
	c.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token is valid")
	c.Flags().StringVar(&key, "key", "", "PEM file of an Ed25519 private key (PKCS #8) to sign with, using EdDSA")
	_ = c.MarkFlagRequired("user")
	c.AddCommand(inspectCommand())
	return c
}

// lifetimeOf returns ttl, or JWT_MAX_TTL where that is less.
func (c config) lifetimeOf(ttl time.Duration) time.Duration {
	if c.JWTMaxTTL != 0 {
		return min(ttl, c.JWTMaxTTL)
	}
	return ttl
}

// sign returns a token that this configuration accepts, provided that its key set
// has the key in keyFile.
func (c config) sign(identity auth.Identity, ttl time.Duration, keyFile string) (string, error) {
	if c.JWTMaxTTL != 0 && ttl > c.JWTMaxTTL {
		return "", fmt.Errorf("--ttl: the server refuses a token that is valid for longer than JWT_MAX_TTL, %s", c.JWTMaxTTL)
	}
	a := c.verifierConfig(nil)
	if keyFile != "" {
		key, err := auth.LoadKey(keyFile)
		if err != nil {
			return "", fmt.Errorf("--key: %w", err)
		}
		return auth.SignEdDSA(key, a.JWKSPolicy, identity, ttl)
	}
	if c.Secret == "" {
		return "", errors.New("set BETTER_AUTH_SECRET or --key to sign the token with; the secret of `todo dev` is in .data/secret")
	}
	return auth.SignHS256(a.Secret, a.SecretPolicy, identity, ttl)
}

// errTokenRefused sets the exit code; the checks that were printed say why.
var errTokenRefused = errors.New("the token is refused")

func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect",
		Short: "Read a token from standard input and print the result of each check",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			verifier, err := c.verifier(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})))
			if err != nil {
				return err
			}
			input, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
			if err != nil {
				return err
			}
			// Accept a pasted header and a trailing newline.
			token := strings.TrimSpace(string(input))
			if name, rest, found := strings.Cut(token, ":"); found && strings.EqualFold(name, "Authorization") {
				token = strings.TrimSpace(rest)
			}
			if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
				token = strings.TrimLeft(rest, " ")
			}
			return printChecks(cmd.OutOrStdout(), verifier.Inspect(cmd.Context(), token))
		},
	}
}

func printChecks(out io.Writer, checks []auth.Check) error {
	var verdict error
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, check := range checks {
		mark := "ok"
		if !check.OK {
			mark, verdict = "REFUSED", errTokenRefused
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", check.Name, mark, check.Detail)
	}
	return errors.Join(table.Flush(), verdict)
}
