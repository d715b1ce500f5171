-- Why: takes back what the up file made. Every task is lost.
-- Loses: tasks.
-- Locks: tasks (ACCESS EXCLUSIVE; dropped), users (ACCESS EXCLUSIVE; not scanned,
-- not rewritten). The foreign key has triggers on users.
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-table
DROP TABLE tasks;
