package db_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/securetodo/securetodo/db"
)

// read is one request at random, which fails where the answer is not that to it.
func (s *someone) read() (what string, send func(ctx context.Context) error) {
	q, scope := s.pool.As(s.user), s.pool.Scope(s.user)
	tag := fmt.Sprint(s.user, " ", s.random.Uint64())
	version, tasks := s.version, maps.Clone(s.tasks)
	get := func(id uuid.UUID) func(context.Context) error {
		want, found := tasks[id]
		return func(ctx context.Context) error {
			task, err := q.GetTask(ctx, db.GetTaskParams{UserID: s.user, ID: id})
			if !found && errors.Is(err, db.ErrNotFound) {
				return nil
			}
			return differs(err, identity(task), identity(want))
		}
	}
	switch n := s.random.IntN(100); {
	case n < 25:
		ids := append(slices.Collect(maps.Keys(tasks)), uuid.Nil)
		return "a task", get(ids[s.random.IntN(len(ids))])
	case n < 30:
		return "another's task", get(firstTask(s.other))
	case n < 45:
		size := []int32{1, 5, 50}[s.random.IntN(3)]
		return "a list", func(ctx context.Context) error { return s.mustList(ctx, size, version, tasks) }
	case n < 47 && (s.large == 0 || n < 46):
		return "a long list", func(ctx context.Context) error { return s.mustList(ctx, 2*many, version, tasks) }
	case n < 55:
		return "an empty list", func(ctx context.Context) error {
			rows, err := q.ListTasksBehind(ctx, db.ListTasksBehindParams{UserID: s.user, After: time.Unix(0, 0), PageSize: 10})
			return differs(err, len(rows), 0)
		}
	case n < 65:
		return "the counter", func(ctx context.Context) error {
			row, err := q.GetCounter(ctx, db.GetCounterParams{UserID: s.user})
			return differs(err, row.Version, version)
		}
	case n < 70:
		for id, want := range s.deleted {
			return "a tombstone", func(ctx context.Context) error {
				got, err := q.GetDeletedTask(ctx, db.GetDeletedTaskParams{UserID: s.user, ID: id})
				return differs(err, got, want)
			}
		}
	case n < 75:
		return "an error", func(ctx context.Context) error {
			var n int
			return mustName(tag, scope.QueryRow(ctx, named("GetTask", "SELECT ('no number: ' || $1::text)::integer"), tag).Scan(&n))
		}
	case n < 80:
		return "an error behind two rows", func(ctx context.Context) error {
			rows, err := scope.Query(ctx, named("GetTask", "SELECT CASE WHEN n < 3 THEN n ELSE ('no number: ' || $1::text)::integer END FROM generate_series(1, 5) AS n"), tag)
			if err == nil {
				rows.Close()
				err = rows.Err()
			}
			return mustName(tag, err)
		}
	case n < 82:
		return "no column", func(ctx context.Context) error {
			_, err := scope.Exec(ctx, named("GetTask", "SELECT no_such_column"))
			// PgBouncer ends a connection that prepares again what failed before.
			pg, ok := errors.AsType[*pgconn.PgError](err)
			if ok && (pg.Code == pgerrcode.UndefinedColumn || pg.Code == pgerrcode.ProtocolViolation) {
				return nil
			}
			return cmp.Or(err, errors.New("no error"))
		}
	}
	return "itself", func(ctx context.Context) error {
		_, err := askOwn(ctx, s.pool, s.user, tag)
		return err
	}
}

// mustList lists the newest tasks with the counter.
func (s *someone) mustList(ctx context.Context, size int32, version int64, tasks map[uuid.UUID]db.Task) error {
	rows, counter, err := list(ctx, s.pool, s.user, size)
	if err := differs(err, counter, version); err != nil {
		return err
	}
	if want := min(int(size), len(tasks)+s.large); len(rows) != want {
		return fmt.Errorf("%d tasks, want %d", len(rows), want)
	}
	for i, task := range rows {
		if i < len(tasks) {
			if err := differs(nil, identity(task), identity(tasks[task.ID])); err != nil {
				return err
			}
		} else if task.UserID != s.user || task.Title != "of "+s.user || task.Description == nil || *task.Description != strings.Repeat(s.user+" ", 1000)[:1000] {
			return fmt.Errorf("a foreign task: %+v", task)
		}
	}
	return nil
}

// mustName checks that an error is the one that names tag.
func mustName(tag string, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(pg.Message, `"no number: `+tag+`"`) {
		return nil
	}
	return cmp.Or(err, errors.New("no error"))
}

// identity is what tells a task from others and from itself before a change.
func identity(t db.Task) string {
	return fmt.Sprint(t.UserID, t.ID, t.Title, t.Tags, t.Completed, t.Version, t.CreatedAt.UTC(), t.UpdatedAt.UTC())
}

func differs[T comparable](err error, got, want T) error {
	if err == nil && got != want {
		return fmt.Errorf("%v, want %v", got, want)
	}
	return err
}
