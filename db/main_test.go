package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	conn.TypeMap().RegisterDefaultPgType(uuid.UUID{}, "uuid")
	conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
	return conn
}

// killConnections ends all to a database.
func killConnections(t *testing.T, url string) {
	t.Helper()
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

func create(t *testing.T, pool *db.Pool, p db.CreateTaskParams) db.CreateTaskRow {
	t.Helper()
	row, err := pool.As(p.UserID).CreateTask(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func latest(t *testing.T) uint {
	t.Helper()
	return todosql.LatestVersion()
}

func migrator(t *testing.T, url string) *migration.Runner {
	t.Helper()
	return migratorOf(t, migration.Config{}, url)
}

func migratorOf(t *testing.T, c migration.Config, url string) *migration.Runner {
	t.Helper()
	m, err := migration.Open(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}
