-- Why: takes back what the up file made. Priorities, due dates, tags and versions
-- are lost.
-- Locks: tasks (ACCESS EXCLUSIVE, catalog only; nothing scanned, nothing rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  DROP COLUMN version,
  DROP COLUMN tags,
  DROP COLUMN due_date,
  DROP COLUMN priority;
