-- Why: frontends sort by priority and due date, filter by tags, and need a version
-- to notice that somebody else was faster. A constant default rewrites nothing, so
-- the rows that are there get theirs for free; the release before this one goes on
-- without knowing. The CHECKs are NOT VALID here and validated by the next
-- migration, under a lock that lets writes pass.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  ADD COLUMN priority text NOT NULL DEFAULT 'medium',
  ADD COLUMN due_date timestamptz,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')) NOT VALID,
  ADD CONSTRAINT tasks_due_date_range CHECK (due_date >= '0001-01-01 00:00:00+00' AND due_date < '10000-01-01 00:00:00+00') NOT VALID,
  ADD CONSTRAINT tasks_tags_count CHECK (cardinality(tags) <= 20) NOT VALID,
  ADD CONSTRAINT tasks_tags_length CHECK (NOT to_jsonb(tags) @? '$[*] ? (@ == null || @ == "" || @ like_regex "^.{51,}$" flag "s")') NOT VALID,
  ADD CONSTRAINT tasks_version_positive CHECK (version >= 1) NOT VALID;

COMMENT ON COLUMN tasks.priority IS 'low, medium or high.';
COMMENT ON COLUMN tasks.due_date IS 'When it is due, if ever: from year 1 to 9999 in UTC.';
COMMENT ON COLUMN tasks.tags IS 'Up to 20 labels of 1 to 50 characters, in the user''s order.';
COMMENT ON COLUMN tasks.version IS '1 at first, and one more with every change: the ETag.';
COMMENT ON CONSTRAINT tasks_priority_known ON tasks IS 'low, medium or high.';
COMMENT ON CONSTRAINT tasks_due_date_range ON tasks IS 'What RFC 3339 can write; infinity is beyond it.';
COMMENT ON CONSTRAINT tasks_tags_count ON tasks IS 'Up to 20 tags.';
COMMENT ON CONSTRAINT tasks_tags_length ON tasks IS 'Each tag has 1 to 50 characters (Unicode code points); a jsonpath, because a CHECK takes no subquery.';
COMMENT ON CONSTRAINT tasks_version_positive ON tasks IS 'Versions start at 1.';

GRANT INSERT (priority, due_date, tags), UPDATE (priority, due_date, tags, version) ON tasks TO todo_app;
