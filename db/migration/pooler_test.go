package migration_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
)

// TestOpenRefusesAPoolerThatHidesWhatItIs has one that drops the parameters by which it
// would be known.
func TestOpenRefusesAPoolerThatHidesWhatItIs(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[string]bool{"transaction": true, "statement": true, "session": false} {
		for _, servers := range []int{1, 2, 20} {
			for _, prepared := range []bool{true, false} {
				if mode == "session" && servers == 1 {
					continue // the second connection would wait for the first one to end
				}
				t.Run(mode+" "+strconv.Itoa(servers)+" "+strconv.FormatBool(prepared), func(t *testing.T) {
					t.Parallel()
					direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
					pooler := dbtest.NewPgBouncer(t, direct, servers, prepared, "pool_mode = "+mode, "ignore_startup_parameters = lock_timeout,extra_float_digits")
					m, err := migration.Open(t.Context(), pooler.URL, migration.Config{Files: notes})
					if refused {
						mustFail(t, err, migration.Refused, "DATABASE_URL_UNPOOLED")
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					defer m.Close()
					if err := m.Up(t.Context()); err != nil {
						t.Fatal(err)
					}
					mustBeAt(t, m, 3)
					if waits := dbtest.Value[bool](t, direct, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"); waits {
						t.Error("the lock was left")
					}
				})
			}
		}
	}
}

// TestOpenRefusesABusyPooler has other clients take the pooler's connections meanwhile, so
// that two connections get the same session by chance.
func TestOpenRefusesABusyPooler(t *testing.T) {
	t.Parallel()
	direct := dbtest.NewEmpty(t, dbtest.NeonOwner)
	pooler := dbtest.NewPgBouncer(t, direct, 3, false, "server_round_robin = 1", "ignore_startup_parameters = lock_timeout")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 4)
	for range cap(ended) {
		conn, err := pgx.Connect(ctx, pooler.URL+"&default_query_exec_mode=simple_protocol")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)); ended <- struct{}{} }()
			for ctx.Err() == nil {
				_, _ = conn.Exec(ctx, "SELECT 1")
			}
		}()
	}
	for range 10 {
		_, err := migration.Open(t.Context(), pooler.URL, migration.Config{})
		mustFail(t, err, migration.Refused, "DATABASE_URL_UNPOOLED")
	}
	cancel()
	for range cap(ended) {
		<-ended
	}
}
