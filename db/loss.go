package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/repair"
)

// lossError puts what brings back a lost privilege, policy or role in the place of an error
// that a check met for want of it. The catalogs tell: as todo_app, a version that may not
// be read looks like one that is not there, and `todo migrate up` would find nothing to do.
func lossError(ctx context.Context, conn *pgx.Conn, schema Schema, err error) error {
	isUnread := schema.Version == 0 && !schema.Dirty
	isRefused := isCode(pgerrcode.InsufficientPrivilege)(err) || isCode(pgerrcode.UndefinedTable)(err)
	switch {
	case err == nil, errors.Is(err, ErrUnavailable), errors.Is(err, ErrSettings), errors.Is(err, ErrRLS):
		return err
	case !isUnread && (schema.Dirty || schema.Version != schema.BuiltFor || !isRefused):
		return err
	}
	remedy, lookErr := findLoss(ctx, conn)
	if lookErr != nil || remedy == "" {
		return err // which is the one that says something
	}
	if broken, ok := errors.AsType[*brokenQuery](err); ok {
		broken.remedy = remedy
		return broken
	}
	if isUnread {
		return errors.New(remedy)
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// findLoss says what is lost and what to run; "" where nothing is, or where it is migrations
// that are missing.
func findLoss(ctx context.Context, conn *pgx.Conn) (remedy string, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer tx.Rollback(ctx)
	loss, err := repair.Embedded().Lost(ctx, tx)
	switch {
	case err != nil:
		return "", err
	case loss.Membership != "" && (loss.Partial || !loss.Hurts):
		return "this login may not switch to role todo_app: as the login that made that role, or a superuser, run " + loss.Membership, nil
	case loss.Partial:
		return "", nil
	case loss.Hurts && loss.Membership != "":
		return lostWhat(loss.Statements) + "; then run " + loss.Membership, nil
	case loss.Hurts:
		return lostWhat(loss.Statements), nil
	}
	return "", nil
}

func lostWhat(statements []string) string {
	return repair.Description + ": as the login that migrates, run `todo migrate repair --apply`, or in psql: " + strings.Join(statements, "; ")
}
