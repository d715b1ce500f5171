-- Why: takes back the counter. The tasks keep the numbers they have.
-- Locks: tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten), users (ACCESS
-- EXCLUSIVE; not scanned, not rewritten).
-- Loses: users.deleted_version, users.forgotten_version, users.version.
SET LOCAL lock_timeout = '2s';

REVOKE INSERT (version) ON tasks FROM todo_app;
COMMENT ON COLUMN tasks.version IS '1 at first, and one more with every change: the ETag.';
-- squawk-ignore-file ban-drop-column
ALTER TABLE users RESET (fillfactor);
ALTER TABLE users
  DROP COLUMN version,
  DROP COLUMN forgotten_version,
  DROP COLUMN deleted_version;
