-- Why: makes the CHECKs NOT VALID again, as the migration before left them; that
-- has no command of its own.
-- Loses: nothing.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  DROP CONSTRAINT tasks_priority_known,
  DROP CONSTRAINT tasks_due_date_range,
  DROP CONSTRAINT tasks_tags_count,
  DROP CONSTRAINT tasks_tags_length,
  DROP CONSTRAINT tasks_version_positive,
  ADD CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')) NOT VALID,
  ADD CONSTRAINT tasks_due_date_range CHECK (due_date >= '0001-01-01 00:00:00+00' AND due_date < '10000-01-01 00:00:00+00') NOT VALID,
  ADD CONSTRAINT tasks_tags_count CHECK (cardinality(tags) <= 20) NOT VALID,
  ADD CONSTRAINT tasks_tags_length CHECK (NOT to_jsonb(tags) @? '$[*] ? (@ == null || @ == "" || @ like_regex "^.{51,}$" flag "s")') NOT VALID,
  ADD CONSTRAINT tasks_version_positive CHECK (version >= 1) NOT VALID;

COMMENT ON CONSTRAINT tasks_priority_known ON tasks IS 'low, medium or high.';
COMMENT ON CONSTRAINT tasks_due_date_range ON tasks IS 'What RFC 3339 can write; infinity is beyond it.';
COMMENT ON CONSTRAINT tasks_tags_count ON tasks IS 'Up to 20 tags.';
COMMENT ON CONSTRAINT tasks_tags_length ON tasks IS 'Each tag has 1 to 50 characters (Unicode code points); a jsonpath, because a CHECK takes no subquery.';
COMMENT ON CONSTRAINT tasks_version_positive ON tasks IS 'Versions start at 1.';
