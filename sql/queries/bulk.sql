-- name: CompleteTasks :execrows
-- CompleteTasks sets completed of one user's tasks that pass the filters and are
-- not so yet, and counts them.
--
-- Index: users_pkey, and one that begins with user_id; a scan of the table of
-- tasks for a user who owns much of it.
-- Buffers: at most 72 with 5 tasks, 400,000 with 50,000.
WITH /* CompleteTasks */ owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at)
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), given AS (
  SELECT @set_completed::boolean AS completed
)
UPDATE tasks
SET completed = given.completed,
    version = version + 1,
    updated_at = GREATEST(now(), (updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
FROM given
WHERE tasks.user_id = @user_id
  AND tasks.completed <> given.completed
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz);

-- name: ClearTasks :execrows
-- ClearTasks removes one user's tasks that pass the filters, and counts them.
--
-- Index: users_pkey, and one that begins with user_id; a scan of the table of
-- tasks for a user who owns much of it.
-- Buffers: at most 24 with 5 tasks, 32,000 with 50,000.
WITH /* ClearTasks */ owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at)
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
)
DELETE FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz);
