package measure

import (
	"context"
	"crypto/md5"
	"fmt"
	"runtime"
	"strconv"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// UserID is the id of the nth user that Fill makes, counted from 1.
func UserID(n int) string { return "user" + strconv.Itoa(n) }

// Email is that user's e-mail.
func Email(n int) string { return UserID(n) + "@example.test" }

// TaskID is the id of that user's kth task, counted from 1.
func TaskID(n, k int) uuid.UUID { return md5.Sum([]byte(UserID(n) + ":" + strconv.Itoa(k))) }

// Fill makes users and their tasks in a database that has the schema, and brings the
// statistics and the visibility map up to date. Between two tasks of a user lies one of
// every other user, and users come in no order of their ids, as in life: the rows of a
// user are in as many pages, and pages of an index are as full as random inserts leave
// them.
func Fill(ctx context.Context, databaseURL string, users, tasksPerUser int) error {
	if err := execute(ctx, databaseURL, fmt.Sprintf(`
		INSERT INTO users (id, email)
		SELECT 'user' || n, 'user' || n || '@example.test'
		FROM (SELECT 1 + place * 7919 %% %[1]d AS n FROM generate_series(1, %[1]d::bigint) AS place) AS made`, users)); err != nil {
		return err
	}
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(runtime.NumCPU())
	for k := 1; k <= tasksPerUser; k++ {
		workers.Go(func() error {
			// Each task has a time of its own, none is newer than its user, and the
			// last is the newest.
			return execute(working, databaseURL, uncheckedKeys, fmt.Sprintf(`
				INSERT INTO tasks (user_id, id, title, completed, created_at, updated_at, priority, version)
				SELECT 'user' || n, md5('user' || n || ':%[2]d')::uuid, 'Task %[2]d of user ' || n, (n + %[2]d) %% 3 = 0, made, made,
				       (ARRAY['low', 'medium', 'high'])[1 + (n + %[2]d) %% 3], floor(extract(epoch FROM made) * 1000)
				FROM (
					SELECT 1 + place * 7919 %% %[1]d AS n, latest + ((%[2]d - %[3]d - 1) * %[1]d::bigint + place) * interval '1 millisecond' AS made
					FROM generate_series(1, %[1]d::bigint) AS place
					CROSS JOIN (SELECT max(created_at) AS latest FROM users) AS account
				) AS made`, users, k, tasksPerUser))
		})
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	return execute(ctx, databaseURL, "VACUUM ANALYZE")
}

// uncheckedKeys has a connection check no foreign keys, as a replica does not: those of
// what is filled in are right by construction.
const uncheckedKeys = "SET session_replication_role = replica"

// AddTasks gives one user of a filled database more tasks, from the kth on to the last.
func AddTasks(ctx context.Context, databaseURL string, n, k, last int) error {
	return execute(
		ctx, databaseURL,
		"BEGIN",
		fmt.Sprintf("UPDATE users SET version = floor(extract(epoch FROM now()) * 1000) WHERE id = 'user%d'", n),
		fmt.Sprintf(`
			INSERT INTO tasks (user_id, id, title, completed, created_at, updated_at, version)
			SELECT 'user%[1]d', md5('user%[1]d:' || k)::uuid, 'Task ' || k || ' of user %[1]d', k %% 3 = 0, made, made, floor(extract(epoch FROM made) * 1000)
			FROM (SELECT k, now() + (k - %[3]d) * interval '1 millisecond' AS made FROM generate_series(%[2]d, %[3]d) AS k) AS made`, n, k, last),
		"COMMIT",
		"VACUUM ANALYZE",
	)
}
