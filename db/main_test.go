package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
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

func readFile(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func migrationFile(t *testing.T, version uint, direction string) string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("../sql/migrations/%06d_*.%s.sql", version, direction))
	if err != nil || len(files) != 1 {
		t.Fatalf("version %d has not one %s file: %q, %v", version, direction, files, err)
	}
	return files[0]
}
