-- Why: takes back the rules and the mark. After another up all tasks that are there
-- then are marked.
-- Loses: tasks.legacy_title.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-column
ALTER TABLE tasks
  DROP CONSTRAINT tasks_title_no_control,
  DROP CONSTRAINT tasks_title_visible,
  DROP COLUMN legacy_title;

COMMENT ON COLUMN tasks.title IS '1 to 255 characters, without white space at either end.';
