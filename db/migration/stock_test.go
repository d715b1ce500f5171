package migration_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	_ "github.com/golang-migrate/migrate/v4/source/file"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

func TestStockMigrateRunsTheSameFilesAndTable(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	stock, err := migrate.New("file://../../sql/migrations", "pgx5"+strings.TrimPrefix(url, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	if err := stock.Up(); err != nil {
		t.Fatal(err)
	}
	ours := open(t, url)
	mustBeAt(t, ours, todosql.LatestVersion())
	if err := ours.Down(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := stock.Up(); err != nil {
		t.Fatal(err)
	}
	mustBeAt(t, ours, todosql.LatestVersion())
}

func TestStockMigrateAndRunnerExcludeEachOther(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	ours := openWith(t, url, migration.Config{Files: notes, LockWait: 300 * time.Millisecond})
	if err := ours.Goto(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	stockURL := "pgx5" + strings.TrimPrefix(url, "postgres")
	driver, err := database.Open(stockURL)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	if err := driver.Lock(); err != nil {
		t.Fatal(err)
	}
	mustFail(t, ours.Up(t.Context()), migration.Locked, "PostgreSQL process")
	mustFail(t, ours.Force(t.Context(), 1), migration.Locked, "PostgreSQL process")
	mustBeAt(t, ours, 2)
	if err := driver.Unlock(); err != nil {
		t.Fatal(err)
	}

	stock, err := migrate.New("file://../../sql/migrations", stockURL)
	if err != nil {
		t.Fatal(err)
	}
	stock.LockTimeout = 300 * time.Millisecond
	release := dbtest.Hold(t, url, "LOCK TABLE notes")
	ended := make(chan error, 1)
	go func() { ended <- ours.Up(t.Context()) }()
	dbtest.WaitForLock(t, url)
	if err := stock.Up(); !errors.Is(err, migrate.ErrLockTimeout) {
		t.Errorf("the stock command was not kept out: %v", err)
	}
	_, err = openNotes(t, url).Status(t.Context())
	mustFail(t, err, migration.Locked, "at work on version 3")
	release()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_, _ = stock.Close()
}
