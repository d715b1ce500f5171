-- Why: takes back the tombstones.
-- Locks: deleted_tasks (ACCESS EXCLUSIVE; dropped), users (ACCESS EXCLUSIVE; not
-- scanned, not rewritten).
-- Loses: deleted_tasks.
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-table
DROP TABLE deleted_tasks;
