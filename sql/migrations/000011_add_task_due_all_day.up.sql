-- Why: a due date that was picked as a day is that day wherever its user is, not the
-- instant at which it begins in UTC. The rows that are there are instants, as they were
-- given; a constant default rewrites nothing. No CHECK ties the column to due_date: the
-- release before goes on moving due_date without knowing of the column, and a CHECK
-- would refuse it. So what is not midnight UTC is read as an instant.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks ADD COLUMN due_all_day boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN tasks.due_date IS 'When it is due, if ever: from year 1 to 9999 in UTC; of a day (due_all_day) its midnight UTC.';
COMMENT ON COLUMN tasks.due_all_day IS 'Whether due_date is a day and not an instant; only at midnight UTC it counts.';

GRANT INSERT (due_all_day), UPDATE (due_all_day) ON tasks TO todo_app;
