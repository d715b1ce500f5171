package db_test

import (
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

const manyToExport = `INSERT INTO users (id) VALUES ('alice');
	INSERT INTO tasks (user_id, id, title, created_at) SELECT 'alice', gen_random_uuid(), 'task ' || n, now() - (n / 3) * interval '1 second' FROM generate_series(1, 250) AS n`

// TestExportHoldsNothingWhileItIsRead has a reader that takes its time behind each piece:
// a migration goes through, others export, and no connection is in use.
func TestExportHoldsNothingWhileItIsRead(t *testing.T) {
	t.Parallel()
	inEachMode(t, func(t *testing.T, pool *db.Pool, url string) {
		dbtest.Exec(t, url, manyToExport)
		seen, pieces, inPiece := map[string]bool{}, 0, 0
		err := pool.Export(t.Context(), alice, &exporter{
			add: func(task db.Task) bool {
				if seen[task.Title] {
					t.Errorf("%s comes twice", task.Title)
				}
				seen[task.Title] = true
				inPiece++
				return inPiece < 100
			},
			send: func() error {
				pieces, inPiece = pieces+1, 0
				if s := pool.Stats().Exports; s.Busy != 0 {
					t.Errorf("%+v", s)
				}
				if pieces == 1 {
					dbtest.Exec(t, url, "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE tasks ADD sample uuid DEFAULT gen_random_uuid(); COMMIT")
					if tasks := export(t, pool); len(tasks) != 250 {
						t.Errorf("another export has %d", len(tasks))
					}
				}
				return nil
			},
		})
		if err != nil || len(seen) != 250 || pieces != 3 {
			t.Errorf("%d tasks in %d pieces, %v", len(seen), pieces, err)
		}
	})
}

// TestExportGoesOnWhereItsConnectionIsLost has one cut off within a piece.
func TestExportGoesOnWhereItsConnectionIsLost(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	dbtest.Exec(t, url, manyToExport+`;
		UPDATE tasks SET description = repeat('😀', 1000)`) // more than a socket buffers
	pool := dbtest.Pool(t, url)
	seen := map[string]bool{}
	err := pool.Export(t.Context(), alice, &exporter{add: func(task db.Task) bool {
		if len(seen) == 10 {
			dbtest.Exec(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		}
		if seen[task.Title] {
			t.Errorf("%s comes twice", task.Title)
		}
		seen[task.Title] = true
		return true
	}})
	if err != nil || len(seen) != 250 {
		t.Errorf("%d tasks, %v", len(seen), err)
	}
}

// TestExportsHaveAQuarterOfTheConnections at most.
func TestExportsHaveAQuarterOfTheConnections(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	for conns, want := range map[string]int{"4": 1, "7": 1, "8": 2, "100": 2} {
		s := dbtest.Pool(t, url+"&pool_max_conns="+conns).Stats()
		if s.Exports.Max != want {
			t.Errorf("%s connections: %+v", conns, s)
		}
	}
}
