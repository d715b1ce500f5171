-- Why: a constraint cannot be made unproven again, so it is dropped and added as it was.
-- Loses: nothing.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  DROP CONSTRAINT tasks_domains,
  ADD CONSTRAINT tasks_domains CHECK (num_nulls(
    title::task_title,
    (CASE WHEN NOT legacy_title THEN title END)::visible_title,
    description::task_description,
    priority::task_priority,
    due_date::task_due_date,
    tags::task_tags,
    version::task_version) >= 0) NOT VALID;

COMMENT ON CONSTRAINT tasks_domains ON tasks IS 'Each value is one of its domain; a cast checks that, and NULL is one of each. The title of a legacy task need not be visible.';
