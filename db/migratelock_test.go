package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

func TestOfEightRunsAtOnceOneWorks(t *testing.T) {
	for range 5 {
		url := dbtest.NewEmpty(t, dbtest.NeonOwner)
		var wg sync.WaitGroup
		var worked atomic.Int64
		for range 8 {
			m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
			wg.Go(func() {
				if err := m.Up(); err != nil {
					t.Error(err)
				}
				if steps := len(m.Steps()); steps == 3 {
					worked.Add(1)
				} else if steps != 0 {
					t.Errorf("a run of %d files", steps)
				}
			})
		}
		wg.Wait()
		if worked.Load() != 1 {
			t.Errorf("%d runs of 8 worked", worked.Load())
		}
		m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
		mustBeAt(t, m, 3)
		mustBeWhole(t, m, url)
	}
}

func TestStockMigrateAndOursExcludeEachOther(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	ours := migratorOf(t, db.MigratorConfig{Files: notes, LockWait: 300 * time.Millisecond}, url)
	if err := ours.Goto(2); err != nil {
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
	mustBe(t, ours.Up(), db.Locked, "PostgreSQL process")
	mustBe(t, ours.Force(1), db.Locked, "PostgreSQL process")
	mustBeAt(t, ours, 2)
	if err := driver.Unlock(); err != nil {
		t.Fatal(err)
	}

	stock, err := migrate.New("file://../sql/migrations", stockURL)
	if err != nil {
		t.Fatal(err)
	}
	stock.LockTimeout = 300 * time.Millisecond
	release := dbtest.Hold(t, url, "LOCK TABLE notes")
	ended := make(chan error, 1)
	go func() { ended <- ours.Up() }()
	dbtest.WaitForLock(t, url)
	if err := stock.Up(); !errors.Is(err, migrate.ErrLockTimeout) {
		t.Errorf("the stock command was not kept out: %v", err)
	}
	_, err = migratorOf(t, db.MigratorConfig{Files: notes}, url).Status()
	mustBe(t, err, db.Locked, "at work on version 3")
	release()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	_, _ = stock.Close()
}

func TestDatabaseThatWakesUpIsWaitedFor(t *testing.T) {
	target, err := url.Parse(dbtest.NewEmpty(t, dbtest.NeonOwner))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sleeping := *target
	sleeping.Host = listener.Addr().String()
	sleeping.RawQuery = "sslmode=disable"
	var refusals atomic.Int64
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target.Host)
			if err != nil || refusals.Add(1) <= 3 {
				_ = client.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
		}
	}()
	_, err = db.NewMigrator(t.Context(), sleeping.String())
	mustBe(t, err, db.Unreachable, "connecting to")
	refusals.Store(0)
	m := migratorOf(t, db.MigratorConfig{Wait: time.Minute}, sleeping.String())
	mustBeAt(t, m, 0)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	_ = listener.Close()
	_, err = db.NewMigrator(t.Context(), sleeping.String())
	mustBe(t, err, db.Unreachable, "connecting to")
	if password, _ := target.User.Password(); strings.Contains(err.Error(), password) {
		t.Error("the message holds the password")
	}
}

func TestConnectionThatIsRefusedIsNotTriedAgain(t *testing.T) {
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nowhere"
	for name, c := range map[string]struct{ url, says string }{
		"no such database":  {u.String(), "nowhere"},
		"through PgBouncer": {dbtest.NewPgBouncer(t, direct, 1, false).URL, "DATABASE_URL_UNPOOLED"},
		"a pooler's name":   {"postgres://u:hunter2@ep-x-pooler.neon.tech/d", "DATABASE_URL_UNPOOLED"},
		"no URL":            {"mysql://u:hunter2@h/d", "postgres://"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.MigratorConfig{Wait: time.Hour}.Open(t.Context(), c.url)
			mustBe(t, err, db.Refused, c.says)
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the message holds the password")
			}
		})
	}
}

// TestInterruptStopsAfterTheFileThatIsRun interrupts in a file that another session
// holds up.
func TestInterruptStopsAfterTheFileThatIsRun(t *testing.T) {
	for name, c := range map[string]struct {
		from uint
		held string
		at   uint
		says string
	}{
		"with more to run": {1, "LOCK TABLE notes IN ROW EXCLUSIVE MODE", 2, "interrupted with more to run"},
		"in the last":      {2, "LOCK TABLE notes", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := dbtest.NewEmpty(t, dbtest.NeonOwner)
			if err := migratorOf(t, db.MigratorConfig{Files: notes}, url).Goto(c.from); err != nil {
				t.Fatal(err)
			}
			ctx, interrupt := context.WithCancel(t.Context())
			m, err := db.MigratorConfig{Files: notes}.Open(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			release := dbtest.Hold(t, url, c.held)
			ended := make(chan error, 1)
			go func() { ended <- m.Up() }()
			dbtest.WaitForLock(t, url)
			interrupt()
			release()
			err = <-ended
			if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
			mustBeAt(t, migratorOf(t, db.MigratorConfig{Files: notes}, url), c.at)
			if err := m.Up(); c.says != "" && !errors.Is(err, context.Canceled) {
				t.Errorf("again: %v", err)
			}
			if _, err := db.NewMigrator(ctx, url); !errors.Is(err, context.Canceled) {
				t.Errorf("connecting: %v", err)
			}
		})
	}
}

func TestDatabaseThatTheServerCouldNotWorkOnIsRefused(t *testing.T) {
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	dbtest.Exec(t, direct, "CREATE SCHEMA app")
	for _, path := range []string{"app", "nowhere"} {
		_, err := db.NewMigrator(t.Context(), direct+"&search_path="+path)
		mustBe(t, err, db.Refused, "search_path")
	}
	latin := "latin_" + dbtest.Value[string](t, direct, "SELECT current_database()")
	dbtest.Exec(t, direct, "CREATE DATABASE "+latin+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	t.Cleanup(func() { dbtest.Exec(t, direct, "DROP DATABASE "+latin) })
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + latin
	_, err = db.NewMigrator(t.Context(), u.String())
	mustBe(t, err, db.Refused, "LATIN1")
}

func TestURLOfTheServersPoolWillDo(t *testing.T) {
	mustBeAt(t, migrator(t, dbtest.NewEmpty(t, dbtest.NeonOwner)+"&pool_max_conns=4"), 0)
}

func TestLoginThatOwnsNothingIsToldToUseAnother(t *testing.T) {
	for name, url := range map[string]string{"empty": dbtest.NewEmpty(t, dbtest.NeonOwner), "migrated": dbtest.New(t, dbtest.NeonOwner)} {
		t.Run(name, func(t *testing.T) {
			super := dbtest.SuperuserURL(t, url)
			login := dbtest.Value[string](t, super, "SELECT 'nothing_' || current_database()")
			dbtest.Exec(t, super, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'nothing'", login))
			t.Cleanup(func() { dbtest.Exec(t, super, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", login)) })
			mustBe(t, migrator(t, dbtest.As(t, url, login, "nothing")).Up(), db.Refused, "owns the tables")
			if name == "migrated" {
				dbtest.Exec(t, super, "GRANT SELECT ON schema_migrations, schema_migration_log TO "+login)
				mustBe(t, migrator(t, dbtest.As(t, url, login, "nothing")).Down(1), db.Refused, "owns the tables")
			}
		})
	}
}

func TestStatusAndPlanSayWhatIsAndWhatWouldBe(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	m := migratorOf(t, db.MigratorConfig{Files: notes}, url)
	plan, err := m.Plan()
	if err != nil || len(plan) != 3 || plan[0].Locks != "notes (whatever)." {
		t.Errorf("%+v, %v", plan, err)
	}
	if dbtest.Value[bool](t, url, "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)") {
		t.Error("plan wrote")
	}
	if err := m.Goto(1); err != nil {
		t.Fatal(err)
	}
	status, err := m.Status()
	if err != nil || status.Version != 1 || status.Latest != 3 || len(status.Migrations) != 3 {
		t.Fatalf("%+v, %v", status, err)
	}
	if first := status.Migrations[0]; !first.Applied || first.AppliedAt == nil || time.Since(*first.AppliedAt).Abs() > time.Minute {
		t.Errorf("%+v", first)
	}
	if second := status.Migrations[1]; second.Applied || second.AppliedAt != nil {
		t.Errorf("%+v", second)
	}
	dbtest.Exec(t, url, "UPDATE schema_migrations SET version = 999")
	_, err = m.Status()
	mustBe(t, err, db.Newer, "999")
	_, err = m.Plan()
	mustBe(t, err, db.Newer, "999")
	mustBe(t, m.Up(), db.Newer, "999")
	mustBe(t, m.Down(1), db.Newer, "999")
	mustBe(t, m.Goto(1), db.Newer, "999")
	mustBe(t, m.Force(1), db.Newer, "999")
}
