package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/auth"
)

func tokenCommand() *cobra.Command {
	var identity auth.Identity
	var ttl time.Duration
	c := &cobra.Command{
		Use:   "token",
		Short: "Print a token for development, signed with BETTER_AUTH_SECRET",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig()
			if err != nil {
				return err
			}
			token, err := c.sign(identity, ttl)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	c.Flags().StringVar(&identity.UserID, "user", "", "the user's id")
	c.Flags().StringVar(&identity.Email, "email", "", "the user's e-mail")
	c.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long it is valid")
	_ = c.MarkFlagRequired("user")
	return c
}

// sign makes a token that this configuration accepts.
func (c config) sign(identity auth.Identity, ttl time.Duration) (string, error) {
	if c.Secret == "" {
		return "", errors.New("BETTER_AUTH_SECRET is not set: it signs the token; `todo dev` keeps its own in .data/secret")
	}
	a := c.verifierConfig(nil)
	return auth.SignHS256(a.Secret, a.SecretPolicy, identity, ttl)
}
