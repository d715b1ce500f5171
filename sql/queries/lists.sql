-- name: ListTasks :many
-- ListTasks returns the first page of one user's tasks, newest first. Nearly every
-- request asks for it, so it has no filters and no place to begin behind to evaluate.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasks */ *
FROM tasks
WHERE user_id = @user_id
ORDER BY created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksBehind :many
-- ListTasksBehind returns a later page of ListTasks: the tasks behind the one made at
-- after whose id is after_id.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000.
SELECT /* ListTasksBehind */ *
FROM tasks
WHERE user_id = @user_id
  AND (created_at, id) < (@after::timestamptz, @after_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByCreatedAtDesc :many
-- ListTasksByCreatedAtDesc returns a page of one user's tasks that pass the
-- filters, newest first.
-- It begins behind the row whose sort key is after and whose id is after_id, or with
-- the first row where after_id is NULL.
--
-- Index: tasks_user_id_created_at_id_idx, forwards.
-- Buffers: at most 16 with 5 tasks, 120 with 50,000, 6,000 where a search
-- looks at all of them.
SELECT /* ListTasksByCreatedAtDesc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
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
-- Buffers: at most 16 with 5 tasks, 120 with 50,000, 6,000 where a search
-- looks at all of them.
SELECT /* ListTasksByCreatedAtAsc */ *
FROM tasks
WHERE user_id = @user_id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
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
-- Of equal ones that which was created first comes last. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((updated_at, created_at, id) < (sqlc.narg('after')::timestamptz, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY updated_at DESC, created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByUpdatedAtAsc :many
-- ListTasksByUpdatedAtAsc returns a page of one user's tasks that pass the
-- filters, longest unchanged first.
-- Of equal ones that which was created first comes first. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((updated_at, created_at, id) > (sqlc.narg('after')::timestamptz, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY updated_at ASC, created_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByDueDateAsc :many
-- ListTasksByDueDateAsc returns a page of one user's tasks that pass the
-- filters, due soonest first, those without a due date last.
-- Of equal ones that which was created first comes first. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((COALESCE(due_date, 'infinity'), created_at, id) > (COALESCE(sqlc.narg('after')::timestamptz, 'infinity'), sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY COALESCE(due_date, 'infinity') ASC, created_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByDueDateDesc :many
-- ListTasksByDueDateDesc returns a page of one user's tasks that pass the
-- filters, due last first, those without a due date last.
-- Of equal ones that which was created first comes last. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((COALESCE(due_date, '-infinity'), created_at, id) < (COALESCE(sqlc.narg('after')::timestamptz, '-infinity'), sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY COALESCE(due_date, '-infinity') DESC, created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByPriorityDesc :many
-- ListTasksByPriorityDesc returns a page of one user's tasks that pass the
-- filters, high priority first.
-- Of equal ones that which was created first comes last. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, created_at, id) < (CASE sqlc.narg('after')::text WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END DESC, created_at DESC, id DESC
LIMIT @page_size;

-- name: ListTasksByPriorityAsc :many
-- ListTasksByPriorityAsc returns a page of one user's tasks that pass the
-- filters, low priority first.
-- Of equal ones that which was created first comes first. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, created_at, id) > (CASE sqlc.narg('after')::text WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END ASC, created_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByTitleAsc :many
-- ListTasksByTitleAsc returns a page of one user's tasks that pass the
-- filters, titles from A to Z as people sort.
-- Of equal ones that which was created first comes first. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((title COLLATE title_order, created_at, id) > (sqlc.narg('after')::text COLLATE title_order, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY title COLLATE title_order ASC, created_at ASC, id ASC
LIMIT @page_size;

-- name: ListTasksByTitleDesc :many
-- ListTasksByTitleDesc returns a page of one user's tasks that pass the
-- filters, titles from Z to A as people sort.
-- Of equal ones that which was created first comes last. The page begins behind the
-- row whose sort key is after, which was created at after_created_at and whose id is
-- after_id, or with the first row where after_id is NULL.
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
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  AND ((title COLLATE title_order, created_at, id) < (sqlc.narg('after')::text COLLATE title_order, sqlc.narg('after_created_at')::timestamptz, sqlc.narg('after_id')::uuid)
    OR sqlc.narg('after_id')::uuid IS NULL)
ORDER BY title COLLATE title_order DESC, created_at DESC, id DESC
LIMIT @page_size;

-- name: ExportTasks :many
-- ExportTasks returns a piece of one user's tasks, oldest first: those behind the one made
-- at after whose id is after_id. The LIMIT is a query, whose result the planner does not
-- know: it expects that few rows will be fetched, so it reads them in the order of the
-- index instead of sorting them all before the first.
--
-- Index: tasks_user_id_created_at_id_idx, backwards.
-- Buffers: at most 16 with 5 tasks, 1,500 with 50,000.
SELECT /* ExportTasks */ *
FROM tasks
WHERE user_id = @user_id
  AND (created_at, id) > (@after::timestamptz, @after_id::uuid)
ORDER BY created_at, id
LIMIT (SELECT @page_size::bigint);

-- name: CompleteTasks :one
-- CompleteTasks is a step of an operation on all of one user's tasks that pass the
-- filters and are not completed as given: it sets completed of the first 10,000 of them
-- in the order of the ids, from from_id on, and counts them. All get one number of the
-- owner's counter; where there is none to change, nothing is written. more says that
-- there may be others, from last_id on.
--
-- Index: users_pkey, and one that begins with user_id; a scan of the table of tasks for
-- a user who owns much of it. The ids of the step are sorted.
-- Buffers: at most 80 with 5 tasks, 150,000 with 50,000.
WITH /* CompleteTasks */ due AS MATERIALIZED (
  SELECT tasks.id
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id >= @from_id::uuid
    AND tasks.completed <> @set_completed::boolean
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  ORDER BY tasks.id
  LIMIT 10000
), last AS MATERIALIZED (
  SELECT due.id
  FROM due
  ORDER BY due.id DESC
  LIMIT 1
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM last
  WHERE users.id = @user_id
  RETURNING users.version AS number
), changed AS (
  UPDATE tasks
  SET completed = @set_completed::boolean,
      version = counted.number,
      updated_at = GREATEST(now(), (updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
  FROM counted
  CROSS JOIN last
  WHERE tasks.user_id = @user_id
    AND tasks.id >= @from_id::uuid
    AND tasks.id <= last.id
    AND tasks.completed <> @set_completed::boolean
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  RETURNING tasks.id
)
SELECT (SELECT count(*) FROM changed) AS done,
       ((SELECT count(*) FROM due) = 10000)::boolean AS more,
       COALESCE((SELECT last.id FROM last), '00000000-0000-0000-0000-000000000000')::uuid AS last_id;

-- name: ClearTasks :one
-- ClearTasks is a step of an operation on all of one user's tasks that pass the filters,
-- as CompleteTasks is: it removes the first 10,000 of them from from_id on, leaves a
-- tombstone of each, and counts them. All tombstones get one number of the owner's
-- counter; of those that are older than 90 days 10,000 go. Where there is none to
-- remove, nothing is written.
--
-- Index: users_pkey, deleted_tasks_pkey, deleted_tasks_user_id_version_idx, and one
-- that begins with user_id; a scan of the table of tasks for a user who owns much of it.
-- The ids of the step are sorted.
-- Buffers: at most 70 with 5 tasks, 200,000 with 50,000.
WITH /* ClearTasks */ due AS MATERIALIZED (
  SELECT tasks.id
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id >= @from_id::uuid
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
  AND (sqlc.narg('due_after')::timestamptz IS NULL OR due_date >= sqlc.narg('due_after')::timestamptz)
  AND (sqlc.narg('due_before')::timestamptz IS NULL OR due_date < sqlc.narg('due_before')::timestamptz)
  ORDER BY tasks.id
  LIMIT 10000
), last AS MATERIALIZED (
  SELECT due.id
  FROM due
  ORDER BY due.id DESC
  LIMIT 1
), old AS MATERIALIZED (
  SELECT id AS old_id, version AS old_version
  FROM deleted_tasks
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.version < floor(extract(epoch FROM now() - interval '90 days') * 1000::numeric)::bigint
    AND EXISTS (SELECT FROM due)
  ORDER BY deleted_tasks.version
  LIMIT 10000
), forgotten AS MATERIALIZED (
  SELECT COALESCE(max(old_version), 0) AS version
  FROM old
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      deleted_version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      forgotten_version = GREATEST(users.forgotten_version, forgotten.version),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM last
  CROSS JOIN forgotten
  WHERE users.id = @user_id
  RETURNING users.version AS number
), deleted AS (
  DELETE FROM tasks
  USING counted
  CROSS JOIN last
  WHERE tasks.user_id = @user_id
    AND tasks.id >= @from_id::uuid
    AND tasks.id <= last.id
  AND (sqlc.narg('completed')::boolean IS NULL OR tasks.completed = sqlc.narg('completed')::boolean)
  AND (sqlc.narg('priority')::text IS NULL OR priority = sqlc.narg('priority')::text)
  AND (pg_catalog.cardinality(@tags::text[]) = 0
    OR tags OPERATOR(pg_catalog.@>) @tags::text[]
    OR (pg_catalog.cardinality(tags) >= pg_catalog.cardinality(@tags::text[])
      AND ARRAY(SELECT normalize(tag, NFC) FROM pg_catalog.unnest(tags) AS tag) OPERATOR(pg_catalog.@>) @tags::text[]))
  AND (sqlc.narg('search')::text IS NULL
    OR strpos(CASE
      WHEN title COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(title COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(title COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0
    OR strpos(CASE
      WHEN description COLLATE "C" !~ '[^\u0001-\u012f\u0131-\u02ff\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u200b-\u2027\u20a0-\u20bf\u3001-\u3029\u3041-\u3094\u30a1-\u30f4\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001faff]' THEN upper(description COLLATE "und-x-icu")
      ELSE replace(normalize(upper(lower(description COLLATE "und-x-icu")), NFC), 'İ', 'I') END,
      (SELECT replace(normalize(upper(lower(sqlc.narg('search')::text COLLATE "und-x-icu")), NFC), 'İ', 'I'))) > 0)
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
), buried AS (
  INSERT INTO deleted_tasks (user_id, id, version)
  SELECT @user_id, deleted.deleted_id, counted.number
  FROM deleted
  CROSS JOIN counted
  ON CONFLICT (user_id, id) DO UPDATE
  SET version = excluded.version, deleted_at = excluded.deleted_at
  RETURNING id
)
SELECT (SELECT count(*) FROM buried) AS done,
       ((SELECT count(*) FROM due) = 10000)::boolean AS more,
       COALESCE((SELECT last.id FROM last), '00000000-0000-0000-0000-000000000000')::uuid AS last_id;

-- Generated from lists.sql.tmpl by `make generate`: change it there.
