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

-- name: EraseAccount :execrows
-- EraseAccount removes one user, and by the foreign key every task and
-- tombstone of it, and counts the user: 0 where nothing was ever written.
--
-- Index: users_pkey, and one that begins with user_id of each table that references
-- it; a scan of the table of tasks for a user who owns much of it.
-- Buffers: at most 56 with 5 tasks, 90,000 with 50,000.
DELETE /* EraseAccount */ FROM users
WHERE users.id = @user_id;
