-- name: GetTask :one
-- GetTask returns one task of one user.
--
-- Index: tasks_pkey.
-- Buffers: at most 8.
SELECT /* GetTask */ *
FROM tasks
WHERE user_id = @user_id
  AND id = @id;

-- name: GetDeletedTask :one
-- GetDeletedTask returns the number of the deletion of one task of one user; no row
-- says that no such deletion is remembered.
--
-- Index: deleted_tasks_pkey.
-- Buffers: at most 8.
SELECT /* GetDeletedTask */ version
FROM deleted_tasks
WHERE user_id = @user_id
  AND id = @id;

-- name: GetTaskBehind :one
-- GetTaskBehind returns the id of the task of one user that has exactly so many before it,
-- by id; no row says that the user has no more than those.
--
-- Index: tasks_pkey.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* GetTaskBehind */ id
FROM tasks
WHERE user_id = @user_id
ORDER BY id
OFFSET @others::bigint
LIMIT 1;

-- name: AddTask :one
-- AddTask adds a task of a user who has written before, as nearly every request does
-- that makes one. No row says that nothing of the task was written: the owner's row is
-- missing, the id is there or was deleted, or another writer came between. CreateTask
-- tells which, at a third more work.
--
-- Index: users_pkey, tasks_pkey, deleted_tasks_pkey.
-- Buffers: at most 40.
WITH /* AddTask */ counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  WHERE users.id = @user_id
    AND users.deleted_version <= (SELECT account.version FROM users AS account WHERE account.id = @user_id)
    AND NOT EXISTS (SELECT FROM tasks WHERE tasks.user_id = @user_id AND tasks.id = @id)
    AND NOT EXISTS (SELECT FROM deleted_tasks WHERE deleted_tasks.user_id = @user_id AND deleted_tasks.id = @id)
  RETURNING users.version
)
INSERT INTO tasks (user_id, id, title, description, completed, priority, due_date, due_all_day, tags, version)
SELECT @user_id, @id::uuid, @title::text, sqlc.narg('description')::text, @completed::boolean,
       @priority::text, sqlc.narg('due_date')::timestamptz, @due_all_day::boolean, @tags::text[], counted.version
FROM counted
ON CONFLICT (user_id, id) DO NOTHING
RETURNING *;

-- name: CreateTask :one
-- CreateTask adds a task, and its owner with the first one. An id that the user
-- already has returns the stored task, with created false, and nothing is written: a
-- retry never makes a second task. No row says that the id was deleted, unless revive
-- is given, that the user has max_tasks tasks already, or that another writer came
-- between: nothing of the task was written, and asking again tells.
--
-- Where max_tasks is given, the tasks are counted up to it, as they are in the
-- statement's snapshot. If there is room for 100 or fewer, any change of them since keeps
-- the statement from counting: while no more than 100 creations of a user run at once,
-- which takes many servers, there is never one task too many.
--
-- The owner's row is locked before the task is touched, as in every query that changes
-- something, and only if by the statement's snapshot it will. What was deleted since
-- that snapshot would go unseen, so such a deletion keeps the statement from counting.
--
-- Index: users_pkey, tasks_pkey, deleted_tasks_pkey.
-- Buffers: at most 40, and with max_tasks those of that many entries of tasks_pkey.
WITH /* CreateTask */ stored AS MATERIALIZED (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), tombstone AS MATERIALIZED (
  SELECT id
  FROM deleted_tasks
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.id = @id
), account AS MATERIALIZED (
  SELECT version
  FROM users
  WHERE users.id = @user_id
), room AS MATERIALIZED (
  SELECT sqlc.narg('max_tasks')::bigint - count(*) AS tasks
  FROM (SELECT FROM tasks WHERE tasks.user_id = @user_id ORDER BY tasks.id LIMIT sqlc.narg('max_tasks')::bigint) AS there
), due AS MATERIALIZED (
  SELECT true AS due
  WHERE NOT EXISTS (SELECT FROM stored)
    AND (@revive::boolean OR NOT EXISTS (SELECT FROM tombstone))
    AND (sqlc.narg('max_tasks')::bigint IS NULL OR (SELECT room.tasks FROM room) > 0)
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM account
  CROSS JOIN due
  WHERE users.id = @user_id
    AND users.deleted_version <= account.version
    AND (sqlc.narg('max_tasks')::bigint IS NULL OR (SELECT room.tasks FROM room) > 100 OR users.version = account.version)
  RETURNING users.version
), added AS (
  INSERT INTO users (id, email)
  SELECT @user_id, sqlc.narg('email')
  FROM due
  WHERE NOT EXISTS (SELECT FROM account)
  ON CONFLICT (id) DO NOTHING
  RETURNING version
), number AS (
  SELECT version FROM counted
  UNION ALL
  SELECT version FROM added
), revived AS (
  DELETE FROM deleted_tasks
  USING number
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.id = @id
), inserted AS (
  INSERT INTO tasks (user_id, id, title, description, completed, priority, due_date, due_all_day, tags, version)
  SELECT @user_id, @id::uuid, @title::text, sqlc.narg('description')::text, @completed::boolean,
         @priority::text, sqlc.narg('due_date')::timestamptz, @due_all_day::boolean, @tags::text[], number.version
  FROM number
  ON CONFLICT (user_id, id) DO NOTHING
  RETURNING tasks.*
)
SELECT sqlc.embed(tasks), true AS created
FROM inserted AS tasks
UNION ALL
SELECT sqlc.embed(tasks), false AS created
FROM stored AS tasks;

-- name: UpdateTask :one
-- UpdateTask changes the fields that are given and keeps the others; a NULL
-- description or due_date counts only with its _given, and due_all_day with that of
-- due_date. A change takes the next number of the owner's counter as version and moves
-- updated_at forward, even when two requests change the task at once; where no field
-- would change, nothing is written. if_match names the versions of which the task must
-- have one, and if_none_match those of which it must have none: where it does not,
-- nothing is written and matched is false. Where overtaken is true, another writer
-- came between and no task was changed: asking again tells.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 40.
WITH /* UpdateTask */ before AS MATERIALIZED (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), account AS MATERIALIZED (
  SELECT version
  FROM users
  WHERE users.id = @user_id
), verdict AS MATERIALIZED (
  SELECT (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
           AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[])) AS matched,
         COALESCE(sqlc.narg('title')::text <> tasks.title, false)
           OR (@description_given::boolean AND sqlc.narg('description')::text IS DISTINCT FROM tasks.description)
           OR COALESCE(sqlc.narg('completed')::boolean <> tasks.completed, false)
           OR COALESCE(sqlc.narg('priority')::text <> tasks.priority, false)
           OR (@due_date_given::boolean AND (sqlc.narg('due_date')::timestamptz, @due_all_day::boolean) IS DISTINCT FROM (tasks.due_date, tasks.due_all_day))
           OR COALESCE(sqlc.narg('tags')::text[] OPERATOR(pg_catalog.<>) tasks.tags, false) AS differs,
         sqlc.narg('if_match')::bigint[] IS NOT NULL OR sqlc.narg('if_none_match')::bigint[] IS NOT NULL AS conditional,
         account.version
  FROM before AS tasks
  CROSS JOIN account
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM verdict
  WHERE users.id = @user_id
    AND verdict.matched
    AND verdict.differs
    AND users.deleted_version <= verdict.version
    AND (NOT verdict.conditional OR users.version = verdict.version)
  RETURNING users.version
), changed AS (
  UPDATE tasks
  SET title = COALESCE(sqlc.narg('title')::text, tasks.title),
      description = CASE WHEN @description_given::boolean THEN sqlc.narg('description')::text ELSE tasks.description END,
      completed = COALESCE(sqlc.narg('completed')::boolean, tasks.completed),
      priority = COALESCE(sqlc.narg('priority')::text, tasks.priority),
      due_date = CASE WHEN @due_date_given::boolean THEN sqlc.narg('due_date')::timestamptz ELSE tasks.due_date END,
      due_all_day = CASE WHEN @due_date_given::boolean THEN @due_all_day::boolean ELSE tasks.due_all_day END,
      tags = COALESCE(sqlc.narg('tags')::text[], tasks.tags),
      version = counted.version,
      updated_at = GREATEST(now(), (tasks.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
  FROM counted
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
    AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[]))
    AND (sqlc.narg('title')::text <> tasks.title
      OR (@description_given::boolean AND sqlc.narg('description')::text IS DISTINCT FROM tasks.description)
      OR sqlc.narg('completed')::boolean <> tasks.completed
      OR sqlc.narg('priority')::text <> tasks.priority
      OR (@due_date_given::boolean AND (sqlc.narg('due_date')::timestamptz, @due_all_day::boolean) IS DISTINCT FROM (tasks.due_date, tasks.due_all_day))
      OR sqlc.narg('tags')::text[] OPERATOR(pg_catalog.<>) tasks.tags)
  RETURNING tasks.*
)
SELECT sqlc.embed(tasks), true AS matched, false AS overtaken
FROM changed AS tasks
UNION ALL
SELECT sqlc.embed(tasks), (verdict.matched)::boolean AS matched, (verdict.matched AND verdict.differs)::boolean AS overtaken
FROM before AS tasks
CROSS JOIN verdict
WHERE NOT EXISTS (SELECT FROM changed);

-- name: CompleteTask :one
-- CompleteTask sets completed, or toggles it where no value is given, in one
-- atomic statement. if_match, if_none_match, matched and overtaken are UpdateTask's.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 40.
WITH /* CompleteTask */ before AS MATERIALIZED (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), account AS MATERIALIZED (
  SELECT version
  FROM users
  WHERE users.id = @user_id
), verdict AS MATERIALIZED (
  SELECT (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
           AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[])) AS matched,
         sqlc.narg('completed')::boolean IS DISTINCT FROM tasks.completed AS differs,
         sqlc.narg('if_match')::bigint[] IS NOT NULL OR sqlc.narg('if_none_match')::bigint[] IS NOT NULL AS conditional,
         account.version
  FROM before AS tasks
  CROSS JOIN account
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM verdict
  WHERE users.id = @user_id
    AND verdict.matched
    AND verdict.differs
    AND users.deleted_version <= verdict.version
    AND (NOT verdict.conditional OR users.version = verdict.version)
  RETURNING users.version
), changed AS (
  UPDATE tasks
  SET completed = COALESCE(sqlc.narg('completed')::boolean, NOT tasks.completed),
      version = counted.version,
      updated_at = GREATEST(now(), (tasks.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC')
  FROM counted
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
    AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[]))
    AND sqlc.narg('completed')::boolean IS DISTINCT FROM tasks.completed
  RETURNING tasks.*
)
SELECT sqlc.embed(tasks), true AS matched, false AS overtaken
FROM changed AS tasks
UNION ALL
SELECT sqlc.embed(tasks), (verdict.matched)::boolean AS matched, (verdict.matched AND verdict.differs)::boolean AS overtaken
FROM before AS tasks
CROSS JOIN verdict
WHERE NOT EXISTS (SELECT FROM changed);

-- name: DeleteTask :one
-- DeleteTask removes one task of one user and leaves a tombstone; of those that are older
-- than 90 days 10,000 go. It returns the task as it was; no row says that there is none.
-- if_match, if_none_match, matched and overtaken are UpdateTask's.
--
-- Index: users_pkey, tasks_pkey, deleted_tasks_pkey,
-- deleted_tasks_user_id_version_idx.
-- Buffers: at most 48.
WITH /* DeleteTask */ before AS MATERIALIZED (
  SELECT *
  FROM tasks
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
), account AS MATERIALIZED (
  SELECT version
  FROM users
  WHERE users.id = @user_id
), verdict AS MATERIALIZED (
  SELECT (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
           AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[])) AS matched,
         sqlc.narg('if_match')::bigint[] IS NOT NULL OR sqlc.narg('if_none_match')::bigint[] IS NOT NULL AS conditional,
         account.version
  FROM before AS tasks
  CROSS JOIN account
), old AS MATERIALIZED (
  SELECT id, version
  FROM deleted_tasks
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.version < floor(extract(epoch FROM now() - interval '90 days') * 1000::numeric)::bigint
    AND EXISTS (SELECT FROM verdict)
  ORDER BY deleted_tasks.version
  LIMIT 10000
), forgotten AS MATERIALIZED (
  SELECT COALESCE(max(version), 0) AS version
  FROM old
), counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      deleted_version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      forgotten_version = GREATEST(users.forgotten_version, forgotten.version),
      email = COALESCE(sqlc.narg('email')::text, users.email),
      updated_at = GREATEST(now(), users.updated_at)
  FROM verdict
  CROSS JOIN forgotten
  WHERE users.id = @user_id
    AND verdict.matched
    AND users.deleted_version <= verdict.version
    AND (NOT verdict.conditional OR users.version = verdict.version)
  RETURNING users.version
), pruned AS (
  DELETE FROM deleted_tasks
  USING old
  CROSS JOIN counted
  WHERE deleted_tasks.user_id = @user_id
    AND deleted_tasks.id = old.id
    AND deleted_tasks.version = old.version
    AND deleted_tasks.id <> @id
), deleted AS (
  DELETE FROM tasks
  USING counted
  WHERE tasks.user_id = @user_id
    AND tasks.id = @id
    AND (sqlc.narg('if_match')::bigint[] IS NULL OR tasks.version = ANY (sqlc.narg('if_match')::bigint[]))
    AND (sqlc.narg('if_none_match')::bigint[] IS NULL OR tasks.version <> ALL (sqlc.narg('if_none_match')::bigint[]))
  RETURNING tasks.id
), buried AS (
  INSERT INTO deleted_tasks (user_id, id, version)
  SELECT @user_id, deleted.id, counted.version
  FROM deleted
  CROSS JOIN counted
  ON CONFLICT (user_id, id) DO UPDATE
  SET version = excluded.version, deleted_at = excluded.deleted_at
  RETURNING id
)
SELECT sqlc.embed(tasks), (verdict.matched)::boolean AS matched,
       (verdict.matched AND NOT EXISTS (SELECT FROM buried))::boolean AS overtaken
FROM before AS tasks
CROSS JOIN verdict;

-- name: SeedTasks :execrows
-- SeedTasks adds tasks of a user who is there (SeedUser), in bulk, and counts them. The
-- arrays have one element a task. All get one number of the owner's counter. An id that
-- the user has already is left as it is; without that clause Citus would COPY the rows,
-- which row-level security refuses.
--
-- Index: users_pkey, tasks_pkey.
-- Buffers: at most 200 for ten tasks.
WITH /* SeedTasks */ counted AS (
  UPDATE users
  SET version = GREATEST(users.version + 1, floor(extract(epoch FROM now()) * 1000::numeric)::bigint),
      updated_at = GREATEST(now(), users.updated_at)
  WHERE users.id = @user_id
  RETURNING users.version
), given AS (
  SELECT pg_catalog.unnest(@ids::uuid[]) AS id, pg_catalog.unnest(@titles::text[]) AS title, pg_catalog.unnest(@completed::boolean[]) AS completed
)
INSERT INTO tasks (user_id, id, title, completed, version)
SELECT @user_id, given.id, given.title, given.completed, counted.version
FROM given
CROSS JOIN counted
ON CONFLICT (user_id, id) DO NOTHING;
