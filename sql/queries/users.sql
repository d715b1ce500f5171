-- name: GetAccount :one
-- GetAccount returns one user's own row and counts the tasks; overdue are those
-- that are pending and were due before now, or on a day before today, which is midnight
-- UTC of the day that it is for the user.
--
-- Index: users_pkey, and one that begins with user_id; a scan of the table of
-- tasks for a user who owns much of it.
-- Buffers: at most 18 with 5 tasks, 4,000 with 50,000.
SELECT /* GetAccount */ account.id, account.email, account.created_at, counts.total, counts.completed, counts.overdue
FROM (
  SELECT users.id, users.email, users.created_at
  FROM users
  WHERE users.id = @user_id
) AS account
CROSS JOIN (
  SELECT count(*) AS total,
         count(*) FILTER (WHERE completed) AS completed,
         count(*) FILTER (WHERE NOT completed AND due_date <
           CASE WHEN due_all_day AND due_date = date_trunc('day', due_date, 'UTC') THEN @today::timestamptz ELSE now() END) AS overdue
  FROM tasks
  WHERE user_id = @user_id
) AS counts;

-- name: GetUser :one
-- GetUser returns one user's own row.
--
-- Index: users_pkey.
-- Buffers: at most 6.
SELECT /* GetUser */ users.id, users.email, users.created_at
FROM users
WHERE users.id = @user_id;

-- name: GetCounter :one
-- GetCounter returns the number of the latest change to a task of one user, the number
-- up to which deletions are forgotten, and when the account began: one that was erased
-- and came back is another. No row says that the user never wrote.
--
-- Index: users_pkey.
-- Buffers: at most 6.
SELECT /* GetCounter */ users.version, users.forgotten_version, users.created_at
FROM users
WHERE users.id = @user_id;

-- name: GetVersion :one
-- GetVersion returns the number of the latest change to a task of one user, which is all
-- that the tag of a list needs. No row says that the user never wrote.
--
-- Index: users_pkey.
-- Buffers: at most 6.
SELECT /* GetVersion */ users.version
FROM users
WHERE users.id = @user_id;

-- name: EraseAccount :one
-- EraseAccount removes one user, and by the foreign key every task and tombstone of it.
-- Of a user who has more than 10,000 of either it removes nothing, and is_large is true:
-- EmptyAccount comes first.
--
-- Index: users_pkey, and one that begins with user_id of each table that references
-- it; a scan of the table of tasks for a user who owns much of it.
-- Buffers: at most 60 with 5 tasks, 1,000 with 50,000.
WITH /* EraseAccount */ account AS MATERIALIZED (
  SELECT id
  FROM users
  WHERE users.id = @user_id
), erased AS (
  DELETE FROM users
  WHERE users.id = @user_id
    AND NOT EXISTS (SELECT FROM tasks WHERE tasks.user_id = @user_id OFFSET 10000)
    AND NOT EXISTS (SELECT FROM deleted_tasks WHERE deleted_tasks.user_id = @user_id OFFSET 10000)
  RETURNING users.id
)
SELECT (EXISTS (SELECT FROM account) AND NOT EXISTS (SELECT FROM erased))::boolean AS is_large;

-- name: EmptyAccount :one
-- EmptyAccount is a step on the way to EraseAccount: it removes 10,000 tasks of one user
-- at most, and 10,000 tombstones, and counts them. They leave no tombstone. The step
-- takes a number of the owner's counter, up to which deletions are forgotten: whoever
-- follows the changes has to begin again.
--
-- Index: users_pkey, and one that begins with user_id of each table; a scan of the
-- table of tasks for a user who owns much of it. The ids of the step are sorted.
-- Buffers: at most 70 with 5 tasks, 60,000 with 50,000.
WITH /* EmptyAccount */ counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      deleted_version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      forgotten_version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      updated_at = GREATEST(now(), users.updated_at)
  WHERE users.id = @user_id
  RETURNING users.version
), last_task AS MATERIALIZED (
  SELECT due.id
  FROM (SELECT tasks.id FROM tasks WHERE tasks.user_id = @user_id ORDER BY tasks.id LIMIT 10000) AS due
  ORDER BY due.id DESC
  LIMIT 1
), last_tombstone AS MATERIALIZED (
  SELECT due.id
  FROM (SELECT deleted_tasks.id FROM deleted_tasks WHERE deleted_tasks.user_id = @user_id ORDER BY deleted_tasks.id LIMIT 10000) AS due
  ORDER BY due.id DESC
  LIMIT 1
), removed AS (
  DELETE FROM tasks
  USING counted
  CROSS JOIN last_task
  WHERE tasks.user_id = @user_id
    AND tasks.id <= last_task.id
  RETURNING tasks.id
), forgotten AS (
  DELETE FROM deleted_tasks
  USING counted
  CROSS JOIN last_tombstone
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.id <= last_tombstone.id
  RETURNING deleted_tasks.id
)
SELECT (SELECT count(*) FROM removed) AS tasks, (SELECT count(*) FROM forgotten) AS tombstones;

-- name: SeedUser :exec
-- SeedUser adds one user, if missing.
--
-- Index: users_pkey.
-- Buffers: at most 10.
INSERT /* SeedUser */ INTO users (id, email)
VALUES (@user_id, sqlc.narg('email'))
ON CONFLICT (id) DO NOTHING;
