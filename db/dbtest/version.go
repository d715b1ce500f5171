package dbtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// checkMajor keeps a run that was asked to be on one version from being on another
// that happened to be found; "" asks for none.
func checkMajor(ctx context.Context, databaseURL, asked string) error {
	if asked == "" {
		return nil
	}
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), "."); major != asked {
		return fmt.Errorf("TEST_POSTGRES_MAJOR is %s, and the server is PostgreSQL %s", asked, major)
	}
	return nil
}
