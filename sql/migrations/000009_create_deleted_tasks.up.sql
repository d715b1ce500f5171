-- Why: whoever follows a user's changes must learn what went, and a late retry of a
-- create must not bring back what was deleted. So a deletion leaves the id and its
-- number, under the same walls as the task. They go after 90 days, with a later
-- deletion of the same user, and with the account.
-- Locks: deleted_tasks (new table), users (SHARE ROW EXCLUSIVE; not scanned, not
-- rewritten). The foreign key puts triggers on users.
SET LOCAL lock_timeout = '2s';

CREATE TABLE deleted_tasks (
  user_id text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT deleted_tasks_pkey PRIMARY KEY (user_id, id),
  CONSTRAINT deleted_tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX deleted_tasks_user_id_version_idx ON deleted_tasks (user_id, version);

COMMENT ON TABLE deleted_tasks IS 'The ids of tasks that were deleted in the last 90 days at least (tombstones).';
COMMENT ON COLUMN deleted_tasks.user_id IS 'The owner: users.id. It never changes.';
COMMENT ON COLUMN deleted_tasks.id IS 'The id that the task had.';
COMMENT ON COLUMN deleted_tasks.version IS 'The number of the deletion, from users.version.';
COMMENT ON COLUMN deleted_tasks.deleted_at IS 'When the task was deleted.';
COMMENT ON CONSTRAINT deleted_tasks_pkey ON deleted_tasks IS 'A tombstone is named by its owner and its id, never by its id alone.';
COMMENT ON CONSTRAINT deleted_tasks_user_id_fkey ON deleted_tasks IS 'A user''s tombstones go with the user.';
COMMENT ON INDEX deleted_tasks_pkey IS 'Tells a create whether its id was deleted.';
COMMENT ON INDEX deleted_tasks_user_id_version_idx IS 'Serves the changes, and finds the tombstones that are old enough to go.';

ALTER TABLE deleted_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE deleted_tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY deleted_tasks_select ON deleted_tasks FOR SELECT TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY deleted_tasks_insert ON deleted_tasks FOR INSERT TO todo_app
  WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY deleted_tasks_update ON deleted_tasks FOR UPDATE TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''))
  WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY deleted_tasks_delete ON deleted_tasks FOR DELETE TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''));

COMMENT ON POLICY deleted_tasks_select ON deleted_tasks IS 'A user sees only its own tombstones.';
COMMENT ON POLICY deleted_tasks_insert ON deleted_tasks IS 'A user adds only its own tombstones.';
COMMENT ON POLICY deleted_tasks_update ON deleted_tasks IS 'A user changes, and keeps, only its own tombstones.';
COMMENT ON POLICY deleted_tasks_delete ON deleted_tasks IS 'A user removes only its own tombstones.';

GRANT SELECT, INSERT (user_id, id, version), UPDATE (version, deleted_at), DELETE ON deleted_tasks TO todo_app;
