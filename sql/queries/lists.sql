-- name: ListTasks :many
-- ListTasks returns a page of one user's tasks, newest first: those behind the task
-- made at after whose id is after_id, or the first ones where both are NULL. Nearly
-- every request asks for it, so it has no filters to evaluate.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasks */ *
FROM tasks
WHERE user_id = @user_id
  AND (created_at, id) < (
    CASE WHEN sqlc.narg('after')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('after')::timestamptz END,
    CASE WHEN sqlc.narg('after_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('after_id')::uuid END)
ORDER BY created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByCreatedAtDesc :many
-- ListTasksByCreatedAtDesc returns a page of one user's tasks that pass the
-- filters, newest first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasksByCreatedAtDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND (created_at, id) < (
    CASE WHEN sqlc.narg('after')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('after')::timestamptz END,
    CASE WHEN sqlc.narg('after_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('after_id')::uuid END)
ORDER BY created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByCreatedAtAsc :many
-- ListTasksByCreatedAtAsc returns a page of one user's tasks that pass the
-- filters, oldest first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: tasks_user_id_created_at_id_idx, backwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasksByCreatedAtAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND (created_at, id) > (
    CASE WHEN sqlc.narg('after')::timestamptz IS NULL THEN '-infinity' ELSE sqlc.narg('after')::timestamptz END,
    CASE WHEN sqlc.narg('after_id')::uuid IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE sqlc.narg('after_id')::uuid END)
ORDER BY created_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByUpdatedAtDesc :many
-- ListTasksByUpdatedAtDesc returns a page of one user's tasks that pass the
-- filters, last changed first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByUpdatedAtDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((updated_at, id) < (sqlc.narg('after')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY updated_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByUpdatedAtAsc :many
-- ListTasksByUpdatedAtAsc returns a page of one user's tasks that pass the
-- filters, longest unchanged first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByUpdatedAtAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((updated_at, id) > (sqlc.narg('after')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY updated_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByDueDateAsc :many
-- ListTasksByDueDateAsc returns a page of one user's tasks that pass the
-- filters, due soonest first, those without a due date last.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByDueDateAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((COALESCE(due_date, 'infinity'), id) > (COALESCE(sqlc.narg('after')::timestamptz, 'infinity'), sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY COALESCE(due_date, 'infinity') ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByDueDateDesc :many
-- ListTasksByDueDateDesc returns a page of one user's tasks that pass the
-- filters, due last first, those without a due date last.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByDueDateDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((COALESCE(due_date, '-infinity'), id) < (COALESCE(sqlc.narg('after')::timestamptz, '-infinity'), sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY COALESCE(due_date, '-infinity') DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByPriorityDesc :many
-- ListTasksByPriorityDesc returns a page of one user's tasks that pass the
-- filters, high priority first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByPriorityDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, id) < (CASE sqlc.narg('after')::text WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByPriorityAsc :many
-- ListTasksByPriorityAsc returns a page of one user's tasks that pass the
-- filters, low priority first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByPriorityAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, id) > (CASE sqlc.narg('after')::text WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByTitleAsc :many
-- ListTasksByTitleAsc returns a page of one user's tasks that pass the
-- filters, titles from A to Z as people sort.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByTitleAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((title COLLATE "und-x-icu", id) > (sqlc.narg('after')::text COLLATE "und-x-icu", sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY title COLLATE "und-x-icu" ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByTitleDesc :many
-- ListTasksByTitleDesc returns a page of one user's tasks that pass the
-- filters, titles from Z to A as people sort.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index for every sort order would be paid for by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByTitleDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((title COLLATE "und-x-icu", id) < (sqlc.narg('after')::text COLLATE "und-x-icu", sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY title COLLATE "und-x-icu" DESC, id DESC
LIMIT @page_size;

-- name: ExportTasks :many
-- ExportTasks returns all of one user's tasks, oldest first. The LIMIT is none, which
-- the planner cannot know: it expects that not all rows will be fetched, so it reads
-- them in the order of the index instead of sorting them all before the first.
--
-- Index: tasks_user_id_created_at_id_idx, backwards.
-- Buffers: at most 16 with 5 tasks, 5,000 with 50,000.
SELECT /* ExportTasks */ *
FROM tasks
WHERE user_id = @user_id
ORDER BY created_at, id
LIMIT (SELECT NULL::bigint);

-- name: CompleteTasks :execrows
-- CompleteTasks sets completed of one user's tasks that pass the filters and are
-- not so yet, and counts them. All get one number of the owner's counter; where there
-- is none to change, nothing is written.
--
-- Index: users_pkey, and one that begins with user_id; a scan of the table of
-- tasks for a user who owns much of it.
-- Buffers: at most 80 with 5 tasks, 400,000 with 50,000.
WITH /* CompleteTasks */ given AS (
  SELECT @set_completed::boolean AS completed
), due AS MATERIALIZED (
  SELECT true AS due
  FROM tasks
  CROSS JOIN given
  WHERE tasks.user_id = @user_id
    AND tasks.completed <> given.completed
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  LIMIT 1
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM due
  WHERE users.id = @user_id
  RETURNING users.version AS number
)
UPDATE tasks
SET completed = given.completed,
    version = counted.number,
    updated_at = GREATEST(now(), (updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
FROM given
CROSS JOIN counted
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
-- ClearTasks removes one user's tasks that pass the filters, leaves a tombstone of
-- each, and counts them. All tombstones get one number of the owner's counter; those
-- that are older than 90 days go. Where there is none to remove, nothing is written.
--
-- Index: users_pkey, deleted_tasks_pkey, deleted_tasks_user_id_version_idx, and one
-- that begins with user_id; a scan of the table of tasks for a user who owns much of it.
-- Buffers: at most 64 with 5 tasks, 400,000 with 50,000.
WITH /* ClearTasks */ due AS MATERIALIZED (
  SELECT true AS due
  FROM tasks
  WHERE tasks.user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  LIMIT 1
), old AS MATERIALIZED (
  SELECT id AS old_id, version AS old_version
  FROM deleted_tasks
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.version < floor(extract(epoch FROM now() - interval '90 days') * 1000)::bigint
    AND EXISTS (SELECT FROM due)
), forgotten AS MATERIALIZED (
  SELECT COALESCE(max(old_version), 0) AS version
  FROM old
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000)::bigint),
      deleted_version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000)::bigint),
      forgotten_version = GREATEST(users.forgotten_version, forgotten.version),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM due
  CROSS JOIN forgotten
  WHERE users.id = @user_id
  RETURNING users.version AS number
), deleted AS (
  DELETE FROM tasks
  USING counted
  WHERE tasks.user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND tags @> @tags::text[]
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(lower(title COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0
    OR strpos(lower(description COLLATE "und-x-icu"), lower(sqlc.narg('search')::text COLLATE "und-x-icu")) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  RETURNING tasks.id AS deleted_id
), pruned AS (
  DELETE FROM deleted_tasks
  USING old
  CROSS JOIN counted
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.id = old.old_id
    AND deleted_tasks.version = old.old_version
    AND NOT EXISTS (SELECT FROM deleted WHERE deleted.deleted_id = old.old_id)
)
INSERT INTO deleted_tasks (user_id, id, version)
SELECT @user_id, deleted.deleted_id, counted.number
FROM deleted
CROSS JOIN counted
ON CONFLICT (user_id, id) DO UPDATE
SET version = excluded.version, deleted_at = excluded.deleted_at;

-- Generated from lists.sql.tmpl by `make generate`: change it there.
