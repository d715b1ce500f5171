-- name: GetTask :one
-- GetTask returns one task of one user.
--
-- Index: tasks_pkey.
-- Buffers: at most 8.
SELECT /* GetTask */ *
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
-- Buffers: at most 32.
WITH /* CreateTask */ owner AS (
  INSERT INTO users (id, email)
  SELECT @user_id, sqlc.narg('email')
  WHERE NOT EXISTS (
    SELECT FROM users
    WHERE users.id = @user_id
      AND email IS NOT DISTINCT FROM COALESCE(sqlc.narg('email'), email)
  )
  ON CONFLICT (id) DO UPDATE
  SET email = excluded.email, updated_at = GREATEST(excluded.updated_at, users.updated_at)
  WHERE users.email IS DISTINCT FROM COALESCE(excluded.email, users.email)
)
INSERT INTO tasks (user_id, id, title, description, completed, priority, due_date, tags)
VALUES (@user_id, @id, @title, sqlc.narg('description'), @completed, @priority, sqlc.narg('due_date'), @tags)
ON CONFLICT (user_id, id) DO UPDATE
SET title = tasks.title
RETURNING sqlc.embed(tasks), (xmax = 0)::boolean AS created;

-- name: UpdateTask :one
-- UpdateTask changes the fields that are given and keeps the others; a NULL
-- description or due_date counts only with its _given. A change counts version up
-- and moves updated_at forward, even when two requests change the task at once.
-- Where if_match is given and lacks the task's version, nothing changes and
-- matched is false.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 32.
WITH /* UpdateTask */ before AS (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at)
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), given AS (
  SELECT sqlc.narg('title')::text AS title,
         @description_given::boolean AS description_given,
         sqlc.narg('description')::text AS description,
         sqlc.narg('completed')::boolean AS completed,
         sqlc.narg('priority')::text AS priority,
         @due_date_given::boolean AS due_date_given,
         sqlc.narg('due_date')::timestamptz AS due_date,
         sqlc.narg('tags')::text[] AS tags,
         sqlc.narg('if_match')::bigint[] AS if_match,
         now() AS now
), changed AS (
  UPDATE tasks
  SET title = COALESCE(given.title, tasks.title),
      description = CASE WHEN given.description_given THEN given.description ELSE tasks.description END,
      completed = COALESCE(given.completed, tasks.completed),
      priority = COALESCE(given.priority, tasks.priority),
      due_date = CASE WHEN given.due_date_given THEN given.due_date ELSE tasks.due_date END,
      tags = COALESCE(given.tags, tasks.tags),
      version = CASE
        WHEN given.title <> tasks.title
          OR (given.description_given AND given.description IS DISTINCT FROM tasks.description)
          OR given.completed <> tasks.completed
          OR given.priority <> tasks.priority
          OR (given.due_date_given AND given.due_date IS DISTINCT FROM tasks.due_date)
          OR given.tags <> tasks.tags
        THEN tasks.version + 1
        ELSE tasks.version
      END,
      updated_at = CASE
        WHEN given.title <> tasks.title
          OR (given.description_given AND given.description IS DISTINCT FROM tasks.description)
          OR given.completed <> tasks.completed
          OR given.priority <> tasks.priority
          OR (given.due_date_given AND given.due_date IS DISTINCT FROM tasks.due_date)
          OR given.tags <> tasks.tags
        THEN GREATEST(given.now, (tasks.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
        ELSE tasks.updated_at
      END
  FROM given
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (given.if_match IS NULL OR tasks.version = ANY (given.if_match))
  RETURNING tasks.*
)
SELECT sqlc.embed(tasks), true AS matched
FROM changed AS tasks
UNION ALL
SELECT sqlc.embed(tasks), false AS matched
FROM before AS tasks
WHERE NOT EXISTS (SELECT FROM changed);

-- name: CompleteTask :one
-- CompleteTask sets completed, or toggles it where no value is given, in one
-- atomic statement. if_match and matched are UpdateTask's.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 32.
WITH /* CompleteTask */ before AS (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at)
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), given AS (
  SELECT sqlc.narg('completed')::boolean AS completed,
         sqlc.narg('if_match')::bigint[] AS if_match,
         now() AS now
), changed AS (
  UPDATE tasks
  SET completed = COALESCE(given.completed, NOT tasks.completed),
      version = CASE WHEN given.completed = tasks.completed THEN tasks.version ELSE tasks.version + 1 END,
      updated_at = CASE
        WHEN given.completed = tasks.completed THEN tasks.updated_at
        ELSE GREATEST(given.now, (tasks.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
      END
  FROM given
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (given.if_match IS NULL OR tasks.version = ANY (given.if_match))
  RETURNING tasks.*
)
SELECT sqlc.embed(tasks), true AS matched
FROM changed AS tasks
UNION ALL
SELECT sqlc.embed(tasks), false AS matched
FROM before AS tasks
WHERE NOT EXISTS (SELECT FROM changed);

-- name: DeleteTask :one
-- DeleteTask removes one task of one user. deleted is false where if_match is
-- given and lacks the task's version; no row says that there is no such task. An
-- engine that runs the parts of a WITH one by one has to look before it deletes.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 24.
WITH /* DeleteTask */ before AS MATERIALIZED (
  SELECT id
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), owner AS (
  UPDATE users
  SET email = sqlc.narg('email'), updated_at = GREATEST(now(), updated_at)
  WHERE users.id = @user_id
    AND email IS DISTINCT FROM COALESCE(sqlc.narg('email'), email)
), deleted AS (
  DELETE FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (sqlc.narg('if_match')::bigint[] IS NULL OR version = ANY (sqlc.narg('if_match')::bigint[]))
  RETURNING tasks.id
)
SELECT EXISTS (SELECT FROM deleted) AS deleted
FROM before;

-- name: SeedTasks :execrows
-- SeedTasks adds tasks in bulk, and their owner where it is missing, and counts
-- them. The arrays have one element a task.
--
-- Index: users_pkey.
-- Buffers: at most 200 for ten tasks.
WITH /* SeedTasks */ owner AS (
  INSERT INTO users (id, email)
  VALUES (@user_id, sqlc.narg('email'))
  ON CONFLICT (id) DO NOTHING
)
INSERT INTO tasks (user_id, id, title, completed)
SELECT @user_id, unnest(@ids::uuid[]), unnest(@titles::text[]), unnest(@completed::boolean[]);
