-- Why: takes back what the up file made. Due dates that are days become their midnight
-- UTC.
-- Loses: tasks.due_all_day.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-column
ALTER TABLE tasks DROP COLUMN due_all_day;

COMMENT ON COLUMN tasks.due_date IS 'When it is due, if ever: from year 1 to 9999 in UTC.';
