-- name: ListTasks :many
-- ListTasks returns one user's newest 1,000 tasks, newest first.
--
-- Index: tasks_user_id_created_at_id_idx.
SELECT /* ListTasks */ user_id, id, title, description, completed, created_at, updated_at
FROM tasks
WHERE user_id = @user_id
ORDER BY created_at DESC, id DESC
LIMIT 1000;

-- name: GetTask :one
-- GetTask returns one task of one user.
--
-- Index: tasks_pkey.
SELECT /* GetTask */ user_id, id, title, description, completed, created_at, updated_at
FROM tasks
WHERE user_id = @user_id
  AND id = @id;

-- name: CreateTask :one
-- CreateTask adds a task, and its owner with the first one. An id that the user
-- already has returns the stored task unchanged, with created false: a retry
-- never makes a second task. The owner's row is written only where it is missing
-- or the token brings another e-mail.
--
-- Index: users_pkey, tasks_pkey.
WITH /* CreateTask */ owner AS (
  INSERT INTO users (id, email)
  SELECT @user_id, sqlc.narg('email')
  WHERE NOT EXISTS (
    SELECT FROM users
    WHERE users.id = @user_id
      AND email IS NOT DISTINCT FROM COALESCE(sqlc.narg('email'), email)
  )
  ON CONFLICT (id) DO UPDATE
  SET email = excluded.email, updated_at = GREATEST(now(), users.updated_at + interval '1 microsecond')
  WHERE users.email IS DISTINCT FROM COALESCE(excluded.email, users.email)
)
INSERT INTO tasks (user_id, id, title, description, completed)
VALUES (@user_id, @id, @title, sqlc.narg('description'), @completed)
ON CONFLICT (user_id, id) DO UPDATE
SET title = tasks.title
RETURNING user_id, id, title, description, completed, created_at, updated_at, (xmax = 0)::boolean AS created;

-- name: UpdateTask :one
-- UpdateTask changes the fields that are given and keeps the others; a NULL
-- description is given only with description_given. updated_at moves forward
-- where a field changes, even when two requests change it at once.
--
-- Index: users_pkey, tasks_pkey.
WITH /* UpdateTask */ owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at + interval '1 microsecond')
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), given AS (
  SELECT sqlc.narg('title')::text AS title,
         @description_given::boolean AS description_given,
         sqlc.narg('description')::text AS description,
         sqlc.narg('completed')::boolean AS completed
)
UPDATE tasks
SET title = COALESCE(given.title, tasks.title),
    description = CASE WHEN given.description_given THEN given.description ELSE tasks.description END,
    completed = COALESCE(given.completed, tasks.completed),
    updated_at = CASE
      WHEN given.title <> tasks.title
        OR (given.description_given AND given.description IS DISTINCT FROM tasks.description)
        OR given.completed <> tasks.completed
      THEN GREATEST(now(), tasks.updated_at + interval '1 microsecond')
      ELSE tasks.updated_at
    END
FROM given
WHERE tasks.user_id = @user_id
  AND tasks.id = @id
RETURNING tasks.user_id, tasks.id, tasks.title, tasks.description, tasks.completed, tasks.created_at, tasks.updated_at;

-- name: CompleteTask :one
-- CompleteTask sets completed, or toggles it where no value is given, in one
-- atomic statement.
--
-- Index: users_pkey, tasks_pkey.
WITH /* CompleteTask */ owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at + interval '1 microsecond')
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), given AS (
  SELECT sqlc.narg('completed')::boolean AS completed
)
UPDATE tasks
SET completed = COALESCE(given.completed, NOT tasks.completed),
    updated_at = CASE
      WHEN given.completed = tasks.completed THEN tasks.updated_at
      ELSE GREATEST(now(), tasks.updated_at + interval '1 microsecond')
    END
FROM given
WHERE tasks.user_id = @user_id
  AND tasks.id = @id
RETURNING tasks.user_id, tasks.id, tasks.title, tasks.description, tasks.completed, tasks.created_at, tasks.updated_at;

-- name: DeleteTask :execrows
-- DeleteTask removes one task of one user and counts it: 1, or 0 where there is
-- none.
--
-- Index: users_pkey, tasks_pkey.
WITH /* DeleteTask */ owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at + interval '1 microsecond')
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
)
DELETE FROM tasks
WHERE user_id = @user_id
  AND tasks.id = @id;

-- name: SeedTasks :execrows
-- SeedTasks adds tasks in bulk, and their owner where it is missing, and counts
-- them. The arrays have one element a task.
--
-- Index: users_pkey, tasks_pkey.
WITH /* SeedTasks */ owner AS (
  INSERT INTO users (id, email)
  VALUES (@user_id, sqlc.narg('email'))
  ON CONFLICT (id) DO NOTHING
)
INSERT INTO tasks (user_id, id, title, completed)
SELECT @user_id, unnest(@ids::uuid[]), unnest(@titles::text[]), unnest(@completed::boolean[]);
