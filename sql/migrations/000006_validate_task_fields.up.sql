-- Why: proves for the rows that were there what the migration before demands of
-- new ones.
-- Locks: tasks (SHARE UPDATE EXCLUSIVE; scanned, not rewritten). Reads and writes
-- pass.
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  VALIDATE CONSTRAINT tasks_priority_known,
  VALIDATE CONSTRAINT tasks_due_date_range,
  VALIDATE CONSTRAINT tasks_tags_count,
  VALIDATE CONSTRAINT tasks_tags_length,
  VALIDATE CONSTRAINT tasks_version_positive;
