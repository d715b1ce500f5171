-- name: ListChanges :many
-- ListChanges returns a page of one user's tasks that changed behind a place in the
-- order of the changes: behind the task whose number is version and whose id is
-- after_id. since is the time of that number. A task's number is its version, but for
-- what the release before the counter wrote last: that is known by its time.
--
-- Index: one that begins with user_id, for the user's rows, which are then sorted; a
-- scan of the table for a user who owns much of it. An index of its own would make
-- every change of a task write to all its indexes.
-- Buffers: at most 16 with 5 tasks, 4,000 with 50,000.
SELECT /* ListChanges */ *
FROM tasks
WHERE user_id = @user_id
  AND (version >= @version::bigint OR updated_at >= @since::timestamptz)
  AND (GREATEST(version, floor(extract(epoch FROM updated_at) * 1000::numeric)::bigint), id) > (@version::bigint, @after_id::uuid)
ORDER BY GREATEST(version, floor(extract(epoch FROM updated_at) * 1000::numeric)::bigint), id
LIMIT @page_size;

-- name: ListDeletions :many
-- ListDeletions returns a page of one user's tombstones behind a place in the order of
-- the changes, as ListChanges does. An id that was made again is none.
--
-- Index: one that begins with user_id of each table, and then sorted.
-- Buffers: at most 60 with 5 tasks, 6,000 with 50,000.
SELECT /* ListDeletions */ id, version
FROM deleted_tasks
WHERE deleted_tasks.user_id = @user_id
  AND (deleted_tasks.version, deleted_tasks.id) > (@version::bigint, @after_id::uuid)
  AND NOT EXISTS (
    SELECT FROM tasks
    WHERE tasks.user_id = @user_id
      AND tasks.id = deleted_tasks.id
  )
ORDER BY deleted_tasks.version, deleted_tasks.id
LIMIT @page_size;
