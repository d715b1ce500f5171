package sql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func open(t *testing.T, url string) *migration.Runner {
	t.Helper()
	m, err := migration.Open(t.Context(), url, migration.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	// As the pool does: an undescribed parameter has only its Go type.
	conn.TypeMap().RegisterDefaultPgType(uuid.UUID{}, "uuid")
	conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
	return conn
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
	files, err := filepath.Glob(fmt.Sprintf("migrations/%06d_*.%s.sql", version, direction))
	if err != nil || len(files) != 1 {
		t.Fatalf("version %d has not one %s file: %q, %v", version, direction, files, err)
	}
	return files[0]
}
