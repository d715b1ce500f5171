-- name: ListTasksByCreatedAtDesc :many
-- ListTasksByCreatedAtDesc returns a page of one user's tasks that pass the
-- filters, newest first, from behind the row whose sort key is after and whose
-- id is after_id, or from the start where after_id is NULL.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasksByCreatedAtDesc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, oldest first, from behind the row whose sort key is after and whose
-- id is after_id, or from the start where after_id is NULL.
--
-- Index: tasks_user_id_created_at_id_idx, backwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasksByCreatedAtAsc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, last changed first, from behind the row whose sort key is after and
-- whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByUpdatedAtDesc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, longest unchanged first, from behind the row whose sort key is after
-- and whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByUpdatedAtAsc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, due soonest first, those without a due date last, from behind the row
-- whose sort key is after and whose id is after_id, or from the start where
-- after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByDueDateAsc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, due last first, those without a due date last, from behind the row
-- whose sort key is after and whose id is after_id, or from the start where
-- after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByDueDateDesc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, high priority first, from behind the row whose sort key is after and
-- whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByPriorityDesc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- filters, low priority first, from behind the row whose sort key is after and
-- whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByPriorityAsc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- ListTasksByTitleAsc returns a page of one user's tasks that pass the filters,
-- titles from A to Z as people sort, from behind the row whose sort key is after
-- and whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByTitleAsc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
-- ListTasksByTitleDesc returns a page of one user's tasks that pass the filters,
-- titles from Z to A as people sort, from behind the row whose sort key is after
-- and whose id is after_id, or from the start where after_id is NULL.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. One user's rows are few, and an
-- index of every sort order would be paid by every write.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListTasksByTitleDesc */ user_id, id, title, description, completed, created_at, updated_at, priority, due_date, tags, version
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR completed = sqlc.narg('completed')::boolean)
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
