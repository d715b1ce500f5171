-- Why: takes back what the up file made. Every task is lost.
-- Locks: tasks (ACCESS EXCLUSIVE), users (ACCESS EXCLUSIVE for the foreign key;
-- nothing scanned, nothing rewritten).
SET LOCAL lock_timeout = '2s';

DROP TABLE tasks;
