-- Why: a version that each task counts for itself begins anew when the task is deleted
-- and made again, so two states share an ETag. From here on the owner's row has one
-- counter for all of a user's tasks, and the statement that changes a task takes the
-- next number from it. It begins with the milliseconds of now, so that an account that
-- was erased and comes back never meets its old numbers. now() is STABLE, so the rows
-- that are there get their start without being rewritten; the release before goes on
-- without knowing. The CHECK is validated by a later migration.
-- Locks: tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten), users (ACCESS
-- EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- now() is STABLE: it is evaluated once, and no row is rewritten.
-- squawk-ignore-file adding-field-with-default
ALTER TABLE users
  ADD COLUMN version bigint NOT NULL DEFAULT floor(extract(epoch FROM now()) * 1000)::bigint,
  ADD COLUMN forgotten_version bigint NOT NULL DEFAULT floor(extract(epoch FROM now()) * 1000)::bigint,
  ADD COLUMN deleted_version bigint NOT NULL DEFAULT 0,
  ADD CONSTRAINT users_version_safe CHECK (version BETWEEN 1 AND 9007199254740991) NOT VALID;

-- Each change of a task updates its owner's row: with room left on the page, the new
-- version of the row stays there and no index is written.
ALTER TABLE users SET (fillfactor = 70);

COMMENT ON COLUMN users.version IS 'The number of the latest change to a task of this user: at least one more than that of the change before, and at least the milliseconds since 1970.';
COMMENT ON COLUMN users.forgotten_version IS 'Up to this number deletions are forgotten: what changed since an older one cannot be told.';
COMMENT ON COLUMN users.deleted_version IS 'The number of the latest deletion of a task, 0 before the first.';
COMMENT ON CONSTRAINT users_version_safe ON users IS 'Below 2^53, where JavaScript''s numbers are exact.';
COMMENT ON COLUMN tasks.version IS 'The number of the latest change, from users.version: the ETag. Until the counter came, 1 at first and one more with every change.';

GRANT UPDATE (version, forgotten_version, deleted_version) ON users TO todo_app;
GRANT INSERT (version) ON tasks TO todo_app;
