-- Why: takes back what the up file made. Priorities, due dates, tags and versions
-- are lost.
-- Loses: tasks.due_date, tasks.priority, tasks.tags, tasks.version.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-column
ALTER TABLE tasks
  DROP COLUMN version,
  DROP COLUMN tags,
  DROP COLUMN due_date,
  DROP COLUMN priority;
